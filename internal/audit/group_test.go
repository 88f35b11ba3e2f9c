package audit_test

import (
	"os"
	"regexp"
	"testing"

	"countersign/internal/audit"
)

// TestEveryActionIsInOneGroup reads the source: an action that no group has cannot be
// filtered for, and one in two would be listed twice.
func TestEveryActionIsInOneGroup(t *testing.T) {
	source, err := os.ReadFile("audit.go")
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, name := range audit.Groups() {
		for _, action := range audit.Group(name) {
			times[string(action)]++
		}
	}
	actions := regexp.MustCompile(`Action += "([a-z_.]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(actions) < 40 {
		t.Fatalf("%d actions", len(actions))
	}
	for _, action := range actions {
		if times[action[1]] != 1 {
			t.Errorf("%s is in %d groups: say in group.go, and in web/console/pages/audit/filter.ts, where it belongs", action[1], times[action[1]])
		}
		delete(times, action[1])
	}
	for action := range times {
		t.Errorf("%s is in a group and is no action", action)
	}
}
