package android

import "github.com/amparo-project/amparo/internal/artifact"

// services are the parsers of what services of the system print of their state.
func services() []artifact.Parser {
	return []artifact.Parser{
		devicePolicy{},
		notificationListeners{},
		inputMethods{},
		trustAgents{},
		roles{},
		users{},
		accounts{},
		companionDevices{},
		overlays{},
		usageStats{},
		dropBox{},
		vpn{},
		networkPolicy{},
		netStats{},
		wifiNetworks{},
	}
}
