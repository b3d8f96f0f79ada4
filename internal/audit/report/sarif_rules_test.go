package report

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A shape is what the schema of SARIF 2.1.0 says about a value, for the parts
// that we write: every property listed here is in the schema with that type,
// and the schema forbids others.
type shape struct {
	kind     string // object, array, string, integer, number, boolean
	required []string
	fields   map[string]shape
	items    *shape
	any      bool // of an object: any property (property bags)
	oneOf    []string
	min      float64
	nonEmpty bool
	uri      bool
	distinct bool
}

var (
	aText    = shape{kind: "string"}
	aBag     = shape{kind: "object", any: true}
	aMessage = shape{
		kind: "object", required: []string{"text"},
		fields: map[string]shape{"text": {kind: "string", nonEmpty: true}, "markdown": aText, "id": aText},
	}
	aLevel     = shape{kind: "string", oneOf: []string{"none", "note", "warning", "error"}}
	aMultiText = shape{
		kind: "object", required: []string{"text"},
		fields: map[string]shape{"text": {kind: "string", nonEmpty: true}, "markdown": aText},
	}
	anArtifact = shape{kind: "object", fields: map[string]shape{
		"uri": {kind: "string", uri: true}, "uriBaseId": aText,
		"index": {kind: "integer", min: -1},
	}}
	aRegion = shape{kind: "object", fields: map[string]shape{
		"startLine":   {kind: "integer", min: 1},
		"startColumn": {kind: "integer", min: 1}, "snippet": {kind: "object", fields: map[string]shape{"text": aText}},
	}}
	aPhysical = shape{
		kind: "object", required: []string{"artifactLocation"},
		fields: map[string]shape{"artifactLocation": anArtifact, "region": aRegion},
	}
	aLogical = shape{kind: "object", fields: map[string]shape{
		"fullyQualifiedName": aText, "name": aText,
		"kind": aText,
	}}
	aLocation = shape{kind: "object", fields: map[string]shape{
		"physicalLocation": aPhysical,
		"logicalLocations": listOf(aLogical, true), "message": aMessage,
	}}
	aFlow = shape{
		kind: "object", required: []string{"threadFlows"},
		fields: map[string]shape{"threadFlows": nonEmpty(listOf(aThread, false))},
	}
	aThread = shape{
		kind: "object", required: []string{"locations"},
		fields: map[string]shape{"locations": nonEmpty(listOf(aStep, false))},
	}
	aStep       = shape{kind: "object", fields: map[string]shape{"location": aLocation}}
	aSuppressed = shape{
		kind: "object", required: []string{"kind"},
		fields: map[string]shape{
			"kind":          {kind: "string", oneOf: []string{"inSource", "external"}},
			"justification": aText,
		},
	}
	aResult = shape{kind: "object", required: []string{"message"}, fields: map[string]shape{
		"ruleId": aText, "ruleIndex": {kind: "integer", min: -1}, "level": aLevel, "message": aMessage,
		"locations": listOf(aLocation, false),
		"codeFlows": listOf(aFlow, false), "partialFingerprints": {kind: "object", any: true},
		"suppressions": listOf(aSuppressed, true), "properties": aBag,
	}}
	aRule = shape{kind: "object", required: []string{"id"}, fields: map[string]shape{
		"id": aText, "shortDescription": aMultiText, "fullDescription": aMultiText, "help": aMultiText,
		"helpUri":              {kind: "string", uri: true},
		"defaultConfiguration": {kind: "object", fields: map[string]shape{"level": aLevel}},
		"properties":           {kind: "object", any: true, fields: map[string]shape{"tags": listOf(aText, true)}},
	}}
	aDriver = shape{
		kind: "object", required: []string{"name"},
		fields: map[string]shape{
			"name": {kind: "string", nonEmpty: true}, "version": aText,
			"rules": listOf(aRule, true),
		},
	}
	aNotice = shape{kind: "object", required: []string{"message"}, fields: map[string]shape{
		"message": aMessage,
		"level":   aLevel,
	}}
	anInvoction = shape{
		kind: "object", required: []string{"executionSuccessful"},
		fields: map[string]shape{"executionSuccessful": {kind: "boolean"}, "toolExecutionNotifications": listOf(aNotice,
			false)},
	}
	aRun = shape{kind: "object", required: []string{"tool"}, fields: map[string]shape{
		"tool":    {kind: "object", required: []string{"driver"}, fields: map[string]shape{"driver": aDriver}},
		"results": listOf(aResult, false), "invocations": listOf(anInvoction, false), "properties": aBag,
		"columnKind": {kind: "string", oneOf: []string{"utf16CodeUnits", "unicodeCodePoints"}},
	}}
	aLog = shape{kind: "object", required: []string{"version", "runs"}, fields: map[string]shape{
		"$schema": {kind: "string", uri: true}, "version": {kind: "string", oneOf: []string{"2.1.0"}},
		"runs": listOf(aRun, false),
	}}
)

func listOf(s shape, distinct bool) shape { return shape{kind: "array", items: &s, distinct: distinct} }

func nonEmpty(s shape) shape {
	s.nonEmpty = true
	return s
}

// checkSARIF returns what is wrong with a log: against the shapes above, and
// against what they cannot say (rules by index, distinct rules, fingerprints).
func checkSARIF(b []byte) []string {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return []string{err.Error()}
	}
	wrong := aLog.check("log", v)
	var log sarifLog
	if err := json.Unmarshal(b, &log); err != nil {
		return append(wrong, err.Error())
	}
	for _, run := range log.Runs {
		seen := map[string]bool{}
		for _, rule := range run.Tool.Driver.Rules {
			if seen[rule.ID] {
				wrong = append(wrong, "two rules "+rule.ID)
			}
			seen[rule.ID] = true
		}
		for i, result := range run.Results {
			if result.RuleIndex >= len(run.Tool.Driver.Rules) ||
				run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
				wrong = append(wrong, fmt.Sprintf("result %d has the index of another rule", i))
			}
			if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(result.Fingerprints["tijori/v1"]) {
				wrong = append(wrong, fmt.Sprintf("result %d has no fingerprint", i))
			}
		}
	}
	return wrong
}

func (s shape) check(at string, v any) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	switch v := v.(type) {
	case map[string]any:
		if s.kind != "object" {
			say("an object, want %s", s.kind)
		}
		for _, name := range s.required {
			if _, ok := v[name]; !ok {
				say("lacks %s", name)
			}
		}
		for name, field := range v {
			f, known := s.fields[name]
			switch {
			case known:
				wrong = append(wrong, f.check(at+"."+name, field)...)
			case !s.any:
				say("has %s, which is not allowed", name)
			}
		}
	case []any:
		if s.kind != "array" {
			say("an array, want %s", s.kind)
			return wrong
		}
		if s.nonEmpty && len(v) == 0 {
			say("is empty")
		}
		var seen []string
		for i, item := range v {
			wrong = append(wrong, s.items.check(fmt.Sprintf("%s[%d]", at, i), item)...)
			text, err := json.Marshal(item)
			if err != nil {
				say("%v", err)
			}
			if s.distinct && slices.Contains(seen, string(text)) {
				say("holds item %d twice", i)
			}
			seen = append(seen, string(text))
		}
	case string:
		switch {
		case s.kind != "string":
			say("a string, want %s", s.kind)
		case s.oneOf != nil && !slices.Contains(s.oneOf, v):
			say("%q is none of %s", v, strings.Join(s.oneOf, ", "))
		case s.uri && !isURI(v):
			say("%q is not a URI reference", v)
		}
	case float64:
		if s.kind != "integer" && s.kind != "number" {
			say("a number, want %s", s.kind)
		}
		if s.kind == "integer" && (v != float64(int(v)) || v < s.min) {
			say("%v is no integer from %v", v, s.min)
		}
	case bool:
		if s.kind != "boolean" {
			say("a boolean, want %s", s.kind)
		}
	case nil:
		say("is null")
	}
	return wrong
}

var uriCharacters = regexp.MustCompile(`^([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`)

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && uriCharacters.MatchString(s) && (u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https")
}
