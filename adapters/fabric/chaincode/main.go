// Command citygate-chaincode is the gate of a Hyperledger Fabric channel, run as a service that its organisation's
// peer connects to.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"citygate/chaincode/internal/contract"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintf(os.Stderr, "citygate-chaincode: %s\n", err)
		os.Exit(1)
	}
}

func serve() error {
	config, err := contract.ReadConfig(os.Getenv)
	if err != nil {
		return err
	}
	tls, err := readTLS()
	if err != nil {
		return err
	}
	id, address := os.Getenv("CHAINCODE_ID"), os.Getenv("CHAINCODE_SERVER_ADDRESS")
	if id == "" || address == "" {
		return errors.New("CHAINCODE_ID and CHAINCODE_SERVER_ADDRESS: give the package id, and host:port to listen on")
	}
	server := &shim.ChaincodeServer{
		CCID: id, Address: address, TLSProps: tls,
		CC: &contract.Chaincode{Config: config, Clock: time.Now},
	}
	return server.Start()
}

// readTLS reads the PEM files that the environment names; without a key and a certificate there is no TLS.
func readTLS() (shim.TLSProperties, error) {
	files := map[string][]byte{}
	for _, variable := range []string{"CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CERT", "CHAINCODE_TLS_CLIENT_CA"} {
		path := os.Getenv(variable)
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return shim.TLSProperties{}, fmt.Errorf("%s: %w", variable, err)
		}
		files[variable] = content
	}
	key, certificate, authority := files["CHAINCODE_TLS_KEY"], files["CHAINCODE_TLS_CERT"], files["CHAINCODE_TLS_CLIENT_CA"]
	if (key == nil) != (certificate == nil) || authority != nil && key == nil {
		return shim.TLSProperties{}, errors.New(
			"CHAINCODE_TLS_KEY and CHAINCODE_TLS_CERT: give both or none, and both with a client CA")
	}
	return shim.TLSProperties{Disabled: key == nil, Key: key, Cert: certificate, ClientCACerts: authority}, nil
}
