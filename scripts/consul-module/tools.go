//go:build tools

// Package tools names the program that this module exists to build: Consul's own module replaces parts of itself by
// folders beside it, so it cannot be installed by its path alone, and needs a module around it that pins those parts.
package tools

import _ "github.com/hashicorp/consul"
