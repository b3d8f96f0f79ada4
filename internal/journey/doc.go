// Package journey has no code: its tests build the program and use it from
// outside, as people, browsers and operators do.
package journey
