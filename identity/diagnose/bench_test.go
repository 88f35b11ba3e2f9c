package diagnose_test

import (
	"strings"
	"testing"

	"countersign/identity/diagnose"
)

// An answer that finds nothing has tried everything.
func BenchmarkUnknown(b *testing.B) {
	q := questionFor(b, "native")
	q.Hash = strings.Repeat("ab", 32)
	for b.Loop() {
		diagnose.Diagnose(q)
	}
}
