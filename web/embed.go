// Package web holds the built faces: loader, messenger and console, as the files that a browser fetches.
//
// It decides nothing. What lies in dist is made by `npm run build` and not committed; a clone has one placeholder there,
// so that everything else compiles and runs without Node.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// ManifestName is the file that maps logical names ("boot.js") to hashed ones ("assets/boot-ABCDEFGH.js").
const ManifestName = "manifest.json"

// Assets is the tree under dist: v1.js, manifest.json and assets/, each file beside its .br and .gz twin.
func Assets() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path; the embed directive above would not have compiled without it
	}
	return sub
}

// Built reports whether the faces were built before this binary was; without them only the placeholder is here.
func Built() bool {
	_, err := fs.Stat(dist, "dist/"+ManifestName)
	return err == nil
}
