package indicator

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// meaning renders what a pattern is read as: alternatives joined by " | ",
// terms by " & ", and the reasons of what was not understood in braces.
func meaning(pattern string) string {
	n, err := parsePattern(pattern)
	if err != nil {
		return "error: " + err.Error()
	}
	r := read(&n)
	var all []string
	for _, terms := range r.alternatives {
		var parts []string
		for _, t := range terms {
			parts = append(parts, string(t.kind.observable())+"="+t.value)
		}
		all = append(all, strings.Join(parts, " & "))
	}
	out := strings.Join(all, " | ")
	for _, reason := range r.reasons {
		out += "{" + reason + "}"
	}
	return out
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	md5 := strings.Repeat("a1", 16)
	for _, tt := range []struct{ name, pattern, want string }{
		{"single_quotes", `[domain-name:value='evil.com']`, "domain=evil.com"},
		{"double_quotes", `[domain-name:value = "evil.com"]`, "domain=evil.com"},
		{"space", " [ domain-name:value\t=\n'evil.com' ] ", "domain=evil.com"},
		{"no_brackets", `domain-name:value='evil.com'`, "domain=evil.com"},
		{"double_equals", `[domain-name:value == 'evil.com']`, "domain=evil.com"},
		{"equals_in_value", `[url:value='http://a.mx/?x=y&z==']`, "url=http://a.mx/?x=y&z=="},
		{"escapes", `[file:name='it\'s \\ "x" \d']`, `file_name=it's \ "x" \d`},
		{"escapes_double", `[file:name="say \"x\" it's"]`, `file_name=say "x" it's`},
		{"brackets_in_value", `[file:name='a]b[c) OR (d']`, `file_name=a]b[c) OR (d`},
		{"hash_quoted", `[file:hashes.'MD5'='` + md5 + `']`, "file_hash=" + md5},
		{"hash_double_quoted", `[file:hashes."MD5"='` + md5 + `']`, "file_hash=" + md5},
		{"hash_hyphen", `[file:hashes.SHA-256='` + md5 + md5 + `']`, "file_hash=" + md5 + md5},
		{"hash_plain", `[file:hashes.md5='` + md5 + `']`, "file_hash=" + md5},
		{"hash_unknown", `[file:hashes.'SHA-512'='00']`, "{file:hashes.SHA-512: no artifact tells this}"},
		{"hash_short", `[file:hashes.MD5='00']`, `{file:hashes.MD5: "00" is no MD5, SHA-1 or SHA-256}`},
		{"in", `[domain-name:value IN ('a.com', "b.com",'c.com')]`, "domain=a.com | domain=b.com | domain=c.com"},
		{"or", `[domain-name:value='a.com' OR ipv4-addr:value='1.2.3.4']`, "domain=a.com | ip=1.2.3.4"},
		{"or_of_observations", `[domain-name:value='a.com'] OR [domain-name:value='b.com']`, "domain=a.com | domain=b.com"},
		{"groups_of_observations", `([process:name='a'] OR ([process:name='b']))`, "process=a | process=b"},
		{"and", `[file:name='x' AND file:hashes.MD5='` + md5 + `']`, "file_name=x & file_hash=" + md5},
		{"and_binds_tighter", `[file:name='x' OR file:name='y' AND process:name='z']`, "file_name=x | file_name=y & process=z"},
		{"parentheses", `[(file:name='x' OR file:name='y') AND process:name='z']`, "file_name=x & process=z | file_name=y & process=z"},
		{"traffic", `[network-traffic:dst_ref.type='ipv4-addr' AND network-traffic:dst_ref.value='1.2.3.4']`, "ip=1.2.3.4"},
		{"traffic_to_domain", `[network-traffic:dst_ref.value='evil.com']`, "domain=evil.com"},
		{"like_plain", `[domain-name:value LIKE 'a.com']`, "domain=a.com"},
		{"lower_case_words", `[domain-name:value in ('a.com') or process:name='b']`, "domain=a.com | process=b"},
		{"within", `[process:name='a'] WITHIN 300 SECONDS`, "process=a"},
		{"once", `[process:name='a'] REPEATS 1 TIMES`, "process=a"},
		{"folder_and_name", `[file:parent_directory_ref.path='/private/var/x' AND file:name='y']`, "file_path=/private/var/x & file_name=y"},
		{"path_without_slash", `[file:path='x.js']`, "file_name=x.js"},
		{"address_as_domain", `[domain-name:value='1.2.3.4']`, "ip=1.2.3.4"},
		{"property_in_other_case", `[Domain-Name:Value='a.com']`, "domain=a.com"},

		{"like", `[domain-name:value LIKE '%.a.com']`, "{domain-name:value: LIKE with wildcards is not evaluated}"},
		{"matches", `[domain-name:value MATCHES '^a']`, "{domain-name:value: operator MATCHES is not evaluated}"},
		{"not_equal", `[domain-name:value != 'a.com']`, "{domain-name:value: a negation is in most records true}"},
		{"not", `[domain-name:value NOT IN ('a.com')]`, "{domain-name:value: a negation is in most records true}"},
		{"part_of_or", `[process:name='a' OR windows-registry-key:key='b']`, "process=a{windows-registry-key:key: no artifact tells this}"},
		{"part_of_and", `[process:name='a' AND process:pid > 5]`, "{process:pid: no artifact tells this}"},
		{"part_of_in", `[ipv4-addr:value IN ('1.2.3.4','1.2.3.0/24')]`, `ip=1.2.3.4{ipv4-addr:value: "1.2.3.0/24" is a range of addresses}`},
		{"several_observations", `[process:name='a'] AND [process:name='b']`, "{asks for several observations (AND), which may be several records}"},
		{"sequence", `[process:name='a'] FOLLOWEDBY [process:name='b'] WITHIN 5 SECONDS`, "{asks for several observations (FOLLOWEDBY), which may be several records}"},
		{"repeats", `[process:name='a'] REPEATS 5 TIMES`, "{qualifier REPEATS 5 is not evaluated}"},
		{"start_stop", `[process:name='a'] START t'2021-01-01T00:00:00Z' STOP t'2022-01-01T00:00:00Z'`, "{qualifier START is not evaluated}"},
		{"group_repeats", `([process:name='a'] OR [process:name='b']) REPEATS 2 TIMES`, "{qualifier REPEATS 2 is not evaluated}"},
		{"exists", `[EXISTS process:name]`, "{process:name: operator EXISTS is not evaluated}"},
		{"empty_value", `[domain-name:value='']`, "{domain-name:value: empty value}"},
		{"value_no_domain", `[domain-name:value='a b']`, `{domain-name:value: "a b" is no domain name}`},
		{"many_terms", "[file:name='a'" + strings.Repeat(" AND file:name='b'", 64) + "]", "{more than 64 terms joined by AND}"},
		{"index", `[file:extensions.'x-y'[0].z='1']`, "{file:extensions.x-y[0].z: no artifact tells this}"},

		{"empty", ``, "error: at byte 1: expected ["},
		{"no_operator", `[domain-name:value 'a']`, "error: at byte 20: expected an operator"},
		{"no_end", `[domain-name:value='a'`, "error: at byte 23: expected ]"},
		{"open_string", `[domain-name:value='a]`, "error: at byte 20: expected a string that ends"},
		{"open_escape", `[domain-name:value='a\`, "error: at byte 20: expected a string that ends"},
		{"rest", `[process:name='a'] x`, "error: at byte 20: expected end of pattern"},
		{"deep", strings.Repeat("(", 1000), "error: at byte 66: parentheses nested more than 64 deep"},
		{"long", strings.Repeat("x", maxPattern+1), "error: pattern of 65537 bytes, at most 65536 are read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, meaning(tt.pattern)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", clip(tt.pattern, 200), diff)
			}
		})
	}
}

// TestProductIsBounded asks for 2^40 alternatives.
func TestProductIsBounded(t *testing.T) {
	t.Parallel()
	part := "(file:name='a' OR file:name='b')"
	pattern := "[" + part + strings.Repeat(" AND "+part, 39) + "]"
	began := time.Now()
	if got := meaning(pattern); !strings.Contains(got, "more than 4096 alternatives") {
		t.Error(clip(got, 200))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{
		`[domain-name:value='evil.com' OR url:value IN ('a', "b\"")]`, `([a:b='c'] AND [d:e.'f-g'[0]!=1]) FOLLOWEDBY [x:y LIKE '%'] WITHIN 5 SECONDS`,
		`[NOT (file:hashes.'SHA-256' = 'aa' AND file:name MATCHES 'x')] REPEATS 2 TIMES START t'2' STOP t'3'`, `[ipv4-addr:value ISSUBSET '1.2.3.0/24']`,
		"[url:value IN ('\xa9', \"b\")]",
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		n, err := parsePattern(pattern)
		if err != nil {
			if _, ok := simple(pattern); ok {
				t.Errorf("%q: simple takes what is no pattern", pattern)
			}
			return
		}
		r := read(&n)
		if s, ok := simple(pattern); ok && (len(r.alternatives) != 1 || !cmp.Equal([]term{s}, r.alternatives[0], cmp.AllowUnexported(term{}))) {
			t.Errorf("%q: simple %+v, in full %+v", pattern, s, r)
		}
		for _, terms := range r.alternatives {
			for _, term := range terms {
				if term.key == "" || term.value == "" {
					t.Errorf("%q: empty term %+v", pattern, term)
				}
			}
		}
		if len(r.alternatives) == 0 && len(r.reasons) == 0 {
			t.Errorf("%q: means nothing, and nobody is told", pattern)
		}
	})
}
