package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const activationRequestText = `HEADERS: {"Content-Type": "application/json"}
BODY: {"serial-number": "C0FFEE000000", "productType": "iPhone12,1", "productName": "iPhone OS", "imei": "000000000000000", "meid": 99, "os-version": "17.2", "os-build": "21C62", "udid": "00000000-0000000000000000", "more": [1]} END
`

func TestActivationRequest(t *testing.T) {
	t.Parallel()
	const path = "logs/MobileActivation/collection_oob_request.txt"
	artifacttest.Run(t, mobileActivation{}, "testdata/mobile_activation_request",
		fileSample("request", path, activationRequestText),
		fileSample("odd", path, "BODY: {not json}\nBODY: {}\n"),
		fileSample("none", path, "HEADERS: {}\n"),
	)
}

func FuzzActivationRequest(f *testing.F) {
	artifacttest.Fuzz(f, mobileActivation{}, fileSample("request", "collection_oob_request.txt", activationRequestText))
}
