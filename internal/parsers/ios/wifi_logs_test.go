package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// The forms below are those of Apple's network_cmds (ifconfig, netstat), of
// wifid's log and of the lists of a sysdiagnose.
const (
	ifconfigText = `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
	inet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	ether 3a:11:22:33:44:55
	inet 192.168.1.23 netmask 0xffffff00 broadcast 192.168.1.255
	status: active
utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
	inet 10.8.0.2 --> 10.8.0.1 netmask 0xffffffff
`
	netstatText = `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  192.168.1.23.49210     203.0.113.9.443        ESTABLISHED
tcp6       0      0  2001:db8::23.49211     2001:db8:1::7.443      ESTABLISHED
udp4       0      0  *.5353                 *.*
`
	wifiStatusText = `----------- Wi-Fi Status -----------
Power                : On [On]
SSID                 : Red de Ana
BSSID                : a0:b1:c2:d3:e4:f5
Country Code         : MX

Network Info:
    DNS : 198.51.100.53
    ISP host = gw.isp.example.com
`
	wifidText = `header of the log
05/24/2023 13:01:02.123456 __WiFiDeviceManagerAssociate: joining SSID='Red de Ana', BSSID=a0:b1:c2:d3:e4:f5
  reason: user
05/24/2023 13:01:09.000001 captive check http://captive.example.com/hotspot-detect.html
Wed May 24 13:02:00.100 <airport[9]> link down
`
)

func wifiLogSamples() []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("ifconfig", "ifconfig.txt", ifconfigText),
		fileSample("netstat", "netstat.txt", netstatText),
		fileSample("status", "WiFi/wifi_status.txt", wifiStatusText),
		fileSample("wifid", "WiFi/wifi-2023-05-24.log", wifidText),
		fileSample("odd", "WiFi/network_status.txt", "=\n:\n \x00\n\xff: \xfe\nSSID=\"\" ssid=''\n"),
	}
}

func TestWiFiLogs(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, wifiLogs{}, "testdata/wifi_logs", wifiLogSamples()...)
}

func FuzzWiFiLogs(f *testing.F) { artifacttest.Fuzz(f, wifiLogs{}, wifiLogSamples()...) }
