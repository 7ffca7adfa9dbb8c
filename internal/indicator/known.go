package indicator

import "github.com/amparo-project/amparo/internal/artifact"

// LookUp matches a value as each type of observable that it may be.
func LookUp(m *Matcher, value string) []Hit {
	var all []Hit
	seen := map[*Indicator]bool{}
	for _, t := range []artifact.ObservableType{
		artifact.URL, artifact.Domain, artifact.IP, artifact.Email, artifact.FileHash, artifact.CertHash, artifact.Process, artifact.FileName,
		artifact.FilePath, artifact.AppID, artifact.ProfileID, artifact.AndroidProperty, artifact.Phone,
	} {
		for _, h := range m.Match("ios.datausage", []artifact.Observable{{Type: t, Value: value}}, nil) {
			for _, d := range append([]*Indicator{h.Indicator}, h.Also...) {
				if !seen[d] {
					seen[d] = true
					all = append(all, Hit{Indicator: d, How: h.How})
				}
			}
		}
	}
	return all
}
