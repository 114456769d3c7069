// Command validate prints why the MCP registry would refuse entries (server.json), as far as it can be told offline.
//
// The registry's own command, "mcp-publisher validate", sends the file to the registry, which answers with the issues that
// ValidateServerJSON returns: https://github.com/modelcontextprotocol/registry/blob/v1.8.9/internal/api/handlers/v0/validate.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/modelcontextprotocol/registry/internal/validators"
	apiv0 "github.com/modelcontextprotocol/registry/pkg/api/v0"
)

func main() {
	valid := true
	for _, path := range os.Args[1:] {
		for _, problem := range problems(path) {
			fmt.Printf("%s: %s\n", path, problem)
			valid = false
		}
	}
	if !valid {
		os.Exit(1)
	}
}

// problems includes the warning that the schema is no longer the current one.
func problems(path string) []string {
	content, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	var entry apiv0.ServerJSON
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields() // the registry would drop them
	if err := decoder.Decode(&entry); err != nil {
		return []string{err.Error()}
	}
	var found []string
	for _, issue := range validators.ValidateServerJSON(&entry, validators.ValidationAll).Issues {
		found = append(found, fmt.Sprintf("%s %s: %s", issue.Severity, issue.Path, issue.Message))
	}
	return found
}
