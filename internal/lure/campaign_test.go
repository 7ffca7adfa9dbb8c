package lure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// received reads messages as they came to devices.
func received(t *testing.T, list ...[4]string) []Received {
	t.Helper()
	r := reader(t)
	out := make([]Received, len(list))
	for i, m := range list {
		msg := Message{Text: m[0], Sender: m[1]}
		if m[3] != "" {
			at, err := time.Parse(time.DateOnly, m[3])
			if err != nil {
				t.Fatal(err)
			}
			msg.Time = at
		}
		out[i] = Received{Message: msg, Reading: r.Read(&msg), Device: m[2]}
	}
	return out
}

func TestCampaigns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list []Received
		by   []string
		who  map[string]int
	}{
		"domain": {received(t,
			[4]string{"uno http://a.telcel-pagos.mx/1", "", "ana", "2016-08-02"},
			[4]string{"otra cosa http://b.telcel-pagos.mx/2", "", "beto", "2016-08-01"},
			[4]string{"aparte http://example.net", "", "beto", ""},
		), []string{"registered telcel-pagos.mx"}, map[string]int{"ana": 1, "beto": 1}},
		"address": {received(t,
			[4]string{"uno http://10.1.2.3/1", "", "ana", ""}, [4]string{"dos http://10.1.2.3/2", "", "ana", ""},
		), []string{"host 10.1.2.3"}, map[string]int{"ana": 2}},
		"sender": {received(t,
			[4]string{"uno http://bit.ly/1", "+52 55 1234 5678", "ana", ""}, [4]string{"dos http://bit.ly/2", "+525512345678", "beto", ""},
		), []string{"sender +525512345678"}, map[string]int{"ana": 1, "beto": 1}},
		"text": {received(t,
			[4]string{"Carmen, falleció mi hermano en un accidente, estoy devastada, envío datos del velorio, espero asistas http://bit.ly/1", "1", "ana", ""},
			[4]string{"Pedro, falleció mi hermano en un accidente, estoy devastada, envío datos del velorio, espero asistas http://bit.ly/2", "2", "beto", ""},
			[4]string{"Se realizó un cargo a su tarjeta, verifique los detalles del movimiento en esta liga http://bit.ly/3", "3", "beto", ""},
		), []string{"text "}, map[string]int{"ana": 1, "beto": 1}},
		"theme": {received(t,
			[4]string{"Murió mi papá, mira http://bit.ly/1", "1", "ana", "2016-08-01"},
			[4]string{"Amigo, perdí a mi hermana, acaba de fallecer, datos http://bit.ly/2", "2", "beto", "2016-08-03"},
			[4]string{"Falleció mi mamá http://bit.ly/3", "3", "beto", "2016-09-03"},
		), []string{"theme death"}, map[string]int{"ana": 1, "beto": 1}},
		"official": {received(t,
			[4]string{"uno https://www.telcel.com/1", "", "ana", ""}, [4]string{"dos https://www.telcel.com/2", "", "beto", ""},
		), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Campaigns(tt.list)
			if tt.by == nil {
				if len(got) != 0 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d campaigns: %+v", len(got), got)
			}
			var by []string
			for _, b := range got[0].By {
				by = append(by, b.Kind+" "+b.Value)
			}
			if diff := cmp.Diff(tt.by, by); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.who, got[0].Devices); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCampaignsAreInOrderOfTime, and the order of the input changes only places.
func TestCampaignsAreInOrderOfTime(t *testing.T) {
	t.Parallel()
	list := received(t,
		[4]string{"b http://telcel-pagos.mx/1", "", "ana", "2016-08-03"},
		[4]string{"a http://telcel-pagos.mx/2", "", "ana", "2016-08-01"},
		[4]string{"c http://telcel-pagos.mx/3", "", "ana", "2016-08-02"},
	)
	got := Campaigns(list)
	if len(got) != 1 || !cmp.Equal(got[0].Messages, []int{1, 2, 0}) || got[0].From.Day() != 1 || got[0].To.Day() != 3 {
		t.Errorf("%+v", got)
	}
}
