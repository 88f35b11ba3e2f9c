package app

import (
	"testing"
	"time"

	"countersign/internal/config"
)

func TestTheDemoOutlivesTheEndOfItsShopsKey(t *testing.T) {
	dir := t.TempDir()
	a, err := Open(t.Context(), config.Installation{Data: dir + "/data", Workspace: "main"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	file := dir + "/site.json"
	prepare := func() DemoSite {
		t.Helper()
		site, err := a.PrepareDemo(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return site
	}
	first := prepare()
	if again := prepare(); again.Mended || again.Secret != first.Secret {
		t.Fatal("a key that verifies was replaced")
	}
	if _, err := a.Keys.Revoke(t.Context(), a.System("test"), first.Key, time.Time{}); err != nil {
		t.Fatal(err)
	}
	mended := prepare()
	if !mended.Mended || mended.Key == first.Key || mended.Secret == first.Secret {
		t.Fatalf("the shop signs on with a revoked key: mended %v, key %s", mended.Mended, mended.Key)
	}
	if after := prepare(); after.Mended || after.Secret != mended.Secret {
		t.Fatal("the new secret was not kept")
	}
}
