package contract

import (
	"fmt"
	"regexp"
	"strings"

	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/terms"
)

// Config is what the organisations agree on: each gives it to its own process, and one that deviates gives other
// answers, which no policy accepts beside the others'.
type Config struct {
	Network       string
	Gate          string // <channel>.<chaincode>
	Organisations []string
}

var (
	chaincodeName = regexp.MustCompile(`^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$`)
	mspID         = regexp.MustCompile(`^[!-+\--~]{1,64}$`) // visible, and no comma
)

// ReadConfig takes the configuration from variables of the environment.
func ReadConfig(lookUp func(string) string) (Config, error) {
	config := Config{
		Network:       lookUp("CITYGATE_NETWORK"),
		Gate:          lookUp("CITYGATE_GATE"),
		Organisations: strings.Split(lookUp("CITYGATE_ORGANISATIONS"), ","),
	}
	if !caip.IsNetwork(config.Network) || !strings.HasPrefix(config.Network, "fabric:") {
		return config, fmt.Errorf(
			"CITYGATE_NETWORK: %q; give the channel's CAIP-2 name, fabric: and 32 hex digits", config.Network)
	}
	dot := strings.LastIndexByte(config.Gate, '.')
	if dot < 1 || !caip.IsVisible(config.Gate) || !chaincodeName.MatchString(config.Gate[dot+1:]) {
		return config, fmt.Errorf(
			"CITYGATE_GATE: %q; give <channel>.<chaincode>, the chaincode's name of letters, digits and hyphens",
			config.Gate)
	}
	if _, taken := caip.Organisation(config.Gate); taken {
		return config, fmt.Errorf(
			"CITYGATE_GATE: %q has the form of an account; choose another chaincode name", config.Gate)
	}
	seen := map[string]bool{}
	for _, organisation := range config.Organisations {
		if !mspID.MatchString(organisation) || seen[organisation] {
			return config, fmt.Errorf(
				"CITYGATE_ORGANISATIONS: %q; give MSP ids, separated by commas, none twice", organisation)
		}
		seen[organisation] = true
	}
	return config, nil
}

func (c Config) self() terms.Participant { return terms.Participant{Network: c.Network, Gate: c.Gate} }

// tickets is the CAIP-19 name of the collection of tickets.
func (c Config) tickets() string {
	return c.Network + "/asset:" + c.Gate[strings.LastIndexByte(c.Gate, '.')+1:] + ".ticket"
}
