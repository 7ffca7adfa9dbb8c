package testevidence

import "fmt"

// storage writes what web pages keep in the web views of a few apps, a
// database a page, as WebKit did until its newer layout of folders
// (https://github.com/WebKit/WebKit, Source/WebKit/NetworkProcess/storage).
func (b *builder) storage() error {
	r := newRandom(b.o.Seed, "storage")
	for i := range 20 {
		path := fmt.Sprintf("Library/WebKit/WebsiteData/LocalStorage/https_www%d.example.org_0.localstorage", i)
		d := b.create(fmt.Sprintf("AppDomain-org.example.app%d", i*5), path, "localstorage", 4096)
		d.insert("ItemTable", "key", "value").row("visited", r.bytes(8))
		if err := d.close(); err != nil {
			return err
		}
	}
	return nil
}
