package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// isSetting reports whether a container's variable is one that tijori reads.
func isSetting(name string) bool {
	return settingsTags(serveFlags{})[strings.TrimSuffix(name, fileSuffix)]
}

// at walks into a document by keys and positions.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok || m[s] == nil {
				t.Fatalf("%v is missing", path[:i+1])
			}
			v = m[s]
		case int:
			list, ok := v.([]any)
			if !ok || len(list) <= s {
				t.Fatalf("%v is missing", path[:i+1])
			}
			v = list[s]
		}
	}
	return v
}

// TestCompose: the program runs as nobody, in a file system that it cannot write, with settings that there are and
// secrets from files that are named.
func TestCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../packaging/container/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	service := at(t, file, "services", "tijori")
	for path, want := range map[string]string{
		"user": "65532:65532", "read_only": "true", "cap_drop": "[ALL]", "security_opt": "[no-new-privileges:true]",
	} {
		if got := fmt.Sprint(at(t, service, path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	given := map[string]bool{}
	for _, name := range at(t, service, "secrets").([]any) { //nolint:forcetypeassert // a list, or the test fails
		given["/run/secrets/"+fmt.Sprint(name)] = true
		at(t, file, "secrets", fmt.Sprint(name), "file")
	}
	for name, value := range at(t, service, "environment").(map[string]any) { //nolint:forcetypeassert // as above
		checkVariable(t, name, fmt.Sprint(value), given)
	}
}

// checkVariable refuses a name that nothing reads, a file that is not there, and a secret that stands in the open.
func checkVariable(t *testing.T, name, value string, files map[string]bool) {
	t.Helper()
	plain := strings.TrimSuffix(name, fileSuffix)
	switch {
	case !isSetting(name):
		t.Errorf("%s is no setting", name)
	case plain != name && !files[value]:
		t.Errorf("%s names %s, which is not mounted", name, value)
	case plain == name && (strings.Contains(name, "SECRET") || name == "DATABASE_URL" || name == "TIJORI_KEY" ||
		name == "TIJORI_SMTP_URL"):
		t.Errorf("%s is a secret in the open", name)
	}
}

// TestKubernetes looks at the same of the manifests, and that what they name fits together.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../packaging/kubernetes/tijori.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]map[string]any{}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var part map[string]any
		if err := d.Decode(&part); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		parts[fmt.Sprint(part["apiVersion"], " ", part["kind"])] = part
	}
	deployment := parts["apps/v1 Deployment"]
	for _, kind := range []string{"v1 Service", "policy/v1 PodDisruptionBudget", "networking.k8s.io/v1 Ingress"} {
		if parts[kind] == nil {
			t.Errorf("there is no %s", kind)
		}
	}
	pod := at(t, deployment, "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	for _, c := range []struct {
		in   any
		want string
		path []any
	}{
		{pod, "true", []any{"securityContext", "runAsNonRoot"}},
		{pod, "65532", []any{"securityContext", "runAsUser"}},
		{pod, "RuntimeDefault", []any{"securityContext", "seccompProfile", "type"}},
		{pod, "false", []any{"automountServiceAccountToken"}},
		{container, "false", []any{"securityContext", "allowPrivilegeEscalation"}},
		{container, "true", []any{"securityContext", "readOnlyRootFilesystem"}},
		{container, "[ALL]", []any{"securityContext", "capabilities", "drop"}},
		{container, "/readyz", []any{"readinessProbe", "httpGet", "path"}},
		{container, "/healthz", []any{"livenessProbe", "httpGet", "path"}},
		{container, "tijori", []any{"name"}},
	} {
		if got := fmt.Sprint(at(t, c.in, c.path...)); got != c.want {
			t.Errorf("%v is %s, want %s", c.path, got, c.want)
		}
	}
	mounts := fmt.Sprint(at(t, container, "volumeMounts", 0, "mountPath"))
	for _, one := range at(t, container, "env").([]any) { //nolint:forcetypeassert // a list, or the test fails
		name, value := fmt.Sprint(at(t, one, "name")), fmt.Sprint(at(t, one, "value"))
		checkVariable(t, name, value, map[string]bool{value: strings.HasPrefix(value, mounts+"/")})
	}
	label := fmt.Sprint(at(t, deployment, "spec", "template", "metadata", "labels"))
	for what, got := range map[string]any{
		"the deployment": at(t, deployment, "spec", "selector", "matchLabels"),
		"the service":    at(t, parts["v1 Service"], "spec", "selector"),
		"the budget":     at(t, parts["policy/v1 PodDisruptionBudget"], "spec", "selector", "matchLabels"),
	} {
		if fmt.Sprint(got) != label {
			t.Errorf("%s selects %v, pods are %s", what, got, label)
		}
	}
	rule := at(t, parts["networking.k8s.io/v1 Ingress"], "spec", "rules", 0, "http", "paths", 0, "backend", "service")
	if got := fmt.Sprint(at(t, rule, "name"), at(t, rule, "port", "name")); got != "tijorihttp" {
		t.Errorf("the ingress leads to %s", got)
	}
}
