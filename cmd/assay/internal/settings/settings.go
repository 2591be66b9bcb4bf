package settings

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
)

// Prefix of every variable.
const Prefix = "ASSAY_"

// DefaultDataDir is where data is kept unless the operator says otherwise.
const DefaultDataDir = "assay-data"

// DefaultRunNamespace is where runs take place in a cluster unless the operator says otherwise.
const DefaultRunNamespace = "assay-runs"

// Settings are all that the operator says. In tags, default is what holds when a variable is not set, shown is what help says of a default
// that depends on something else, and meaning is what help says. Theme is the heading that help has above it and what follows.
type Settings struct {
	Global
	Environments []*Environment
}

// Global are the settings of the whole process.
type Global struct {
	Names          []string `theme:"Environments and history" env:"ENVIRONMENTS" shown:"required" meaning:"names of the Environments, such as dev,staging"`
	DataDir        string   `env:"DATA_DIR, default=assay-data" meaning:"folder for the history, the mirrors, the runs and the key of digests"`
	Database       string   `env:"DATABASE" shown:"SQLite in DATA_DIR" meaning:"file with the URL of a PostgreSQL database for the history, such as postgres://user:password@host:5432/name, which replicas share"`
	RetentionAge   Age      `env:"RETENTION_AGE, default=2160h" meaning:"how long Verifications and decisions are kept; 0 is for ever. Incidents and Proposals always are"`
	RetentionCount Count    `env:"RETENTION_VERIFICATIONS, default=1000" meaning:"how many Verifications of a Gate are kept; 0 is all"`

	Lease         string        `theme:"Replicas" env:"LEASE, default=assay" meaning:"name of the Lease by which one of the replicas leads that share a DATABASE; those with another WATCH_LABEL_SELECTOR have another"`
	LeaseDuration LeaseDuration `env:"LEASE_DURATION, default=15s" meaning:"how long the other replicas wait for a leader that says nothing before one of them leads; a shorter one asks more of the API server, and gives up sooner when that is away"`

	Kubeconfig           string      `theme:"Cluster" env:"KUBECONFIG" shown:"the pod's service account" meaning:"file with access to the cluster whose Flux and Argo CD are followed; outside a pod there is no cluster without it"`
	Cluster              string      `env:"CLUSTER" shown:"none" meaning:"name of the cluster in its Targets, where Gates tell clusters apart"`
	WatchNamespaces      []Namespace `env:"WATCH_NAMESPACES" shown:"all" meaning:"namespaces that Targets and what they apply are looked for in"`
	WatchLabelSelector   Selector    `env:"WATCH_LABEL_SELECTOR" shown:"all" meaning:"labels of the Targets that are looked at, such as sharding.fluxcd.io/key=shard1; Gates that follow none of them are another Assay's"`
	ArgoNamespace        Namespace   `env:"ARGOCD_NAMESPACE, default=argocd" meaning:"Argo CD's own namespace, where its credentials are"`
	NoCrossNamespaceRefs Switch      `env:"NO_CROSS_NAMESPACE_REFS, default=false" meaning:"true where Flux runs with the flag of that name: a Target's source is in its own namespace"`
	Events               Switch      `env:"EVENTS, default=true" meaning:"true writes Kubernetes Events about Targets"`
	Annotate             Switch      `env:"ANNOTATE, default=false" meaning:"true also writes the annotation assay.dev/verified on Targets"`

	Concurrent  Count `theme:"Pace" env:"CONCURRENT, default=16" meaning:"how many Gates are looked at at the same time"`
	MaxParallel Count `env:"MAX_PARALLEL" shown:"one for each processor" meaning:"how many Runs may be under way at a time"`
	Drain       Age   `env:"DRAIN, default=0s" meaning:"how long what is under way may go on when Assay is told to stop; what is not done by then is taken up by the next Assay"`

	RunPath   []string  `theme:"Runs as processes" env:"RUN_PATH" shown:"none" meaning:"folders of programs that Runs find before the system's"`
	RunShow   []string  `env:"RUN_SHOW" shown:"none" meaning:"files and folders that Runs may read though they lie in a hidden place, such as a home directory"`
	RunMemory Bytes     `env:"RUN_MEMORY" shown:"no limit" meaning:"memory that a Run may use, such as 2Gi; a Suite may ask for less, not for more"`
	Isolation Isolation `env:"RUN_ISOLATION" shown:"the best that works" meaning:"how Runs are kept apart: namespaces, user-namespace, own-user or none; refuses to start where that does not work"`

	RunImage           string      `theme:"Runs as pods" env:"RUN_IMAGE" shown:"that of Assay's own pod" meaning:"Assay's own image, which brings a Suite's files into its pod"`
	RunURL             string      `env:"RUN_URL" shown:"required by the kubernetes runner" meaning:"where pods reach Assay, such as http://assay.assay-system:9292"`
	RunDefaultImage    string      `env:"RUN_DEFAULT_IMAGE" shown:"none" meaning:"image of Suites that name none"`
	RunServiceAccounts []Namespace `env:"RUN_SERVICE_ACCOUNTS" shown:"none" meaning:"service accounts that a Suite may name"`
	RunTokens          Switch      `env:"RUN_TOKENS, default=false" meaning:"true lets a Suite have the token of its service account"`
	RunRoot            Switch      `env:"RUN_ROOT, default=false" meaning:"true lets a Suite run as root, still without capabilities"`

	Addr           string `theme:"Listening" env:"ADDR" shown:":9292 where POD_NAME is set, else none" meaning:"where webhooks come in and run pods fetch their files; 0 is nowhere"`
	MetricsAddr    string `env:"METRICS_ADDR" shown:":8080 where POD_NAME is set, else none" meaning:"where /metrics is for Prometheus; 0 is nowhere"`
	HealthAddr     string `env:"HEALTH_ADDR" shown:":9440 where POD_NAME is set, else none" meaning:"where /healthz and /readyz are; 0 is nowhere"`
	TLSCert        string `env:"TLS_CERT" shown:"no TLS" meaning:"file with the certificate of ADDR, in PEM, read anew when it changes"`
	TLSKey         string `env:"TLS_KEY" shown:"no TLS" meaning:"file with the key of this certificate"`
	WebhookSecrets string `env:"WEBHOOK_SECRETS" shown:"no webhooks" meaning:"folder with the secrets of webhooks, each in a file that is called as its endpoint under /hooks/: git, github, gitea, gitlab, bitbucket, azure, generic or flux; a file may hold two, one a line"`

	Credentials string `theme:"Git servers" env:"CREDENTIALS" shown:"none" meaning:"folder with credentials of Git servers, in folders named after them: HOST or HOST/PATH/OF/REPOSITORY, the longest wins"`

	Stop             Switch   `theme:"Proposals" env:"STOP, default=false" meaning:"true stops all Proposals; tests go on"`
	MaxOpenProposals Count    `env:"MAX_OPEN_PROPOSALS, default=3" meaning:"Proposals open at a time in a repository; 0 is no limit"`
	MaxPerDay        Count    `env:"MAX_PROPOSALS_PER_DAY, default=10" meaning:"Proposals in a repository within 24 hours; 0 is no limit"`
	MaxCulpritAge    Age      `env:"MAX_CULPRIT_AGE, default=168h" meaning:"age of a commit beyond which no revert is proposed; 0 is no limit"`
	ProposalInterval Interval `env:"PROPOSAL_INTERVAL, default=30s" meaning:"time between two looks at an open Proposal"`
	AuthorName       string   `env:"AUTHOR_NAME, default=Assay" meaning:"author of revert commits"`
	AuthorEmail      string   `env:"AUTHOR_EMAIL, default=assay@localhost" meaning:"the author's address"`
	SigningKey       string   `env:"SIGNING_KEY" shown:"unsigned" meaning:"file with the private key that signs revert commits: OpenPGP (armoured) or SSH"`
	Passphrase       string   `env:"SIGNING_PASSPHRASE_FILE" shown:"none" meaning:"file with the passphrase of the signing key"`

	LogLevel    LogLevel    `theme:"Log" env:"LOG_LEVEL, default=info" meaning:"debug, info, warn or error"`
	LogEncoding LogEncoding `env:"LOG_ENCODING, default=text" meaning:"text or json"`
}

// Environment are the settings of one Environment. Their variables begin with ASSAY_ and its name.
type Environment struct {
	Name string

	TestsURL         string   `theme:"Tests" env:"TESTS_URL" shown:"required" meaning:"the test repository: https://, ssh://, git@host:path, file:// or a path"`
	TestsBranch      string   `env:"TESTS_BRANCH" shown:"the remote's default" meaning:"its branch"`
	TestsOverlay     string   `env:"TESTS_OVERLAY" shown:"overlays/<name>" meaning:"the Kustomize overlay of this Environment in it"`
	TestsInterval    Interval `env:"TESTS_INTERVAL, default=30s" meaning:"time between two looks at the test repository"`
	TestsVerifyKeys  string   `env:"TESTS_VERIFY_KEYS" shown:"unverified" meaning:"folder with public keys (*.asc, *.sshpub), one of which must have signed the head commit: tests are code that runs"`
	TestsCredentials string   `env:"TESTS_CREDENTIALS" shown:"none" meaning:"folder with the credentials of the test repository"`

	TargetNamespaces []NamespaceGlob `theme:"Targets" env:"TARGET_NAMESPACES" shown:"all" meaning:"globs of the namespaces whose Flux and Argo CD objects this Environment may see"`
	TargetLabels     Selector        `env:"TARGET_LABELS" shown:"all" meaning:"selector of the labels that these objects must have, such as environment=staging"`

	Runner       RunnerKind `theme:"Runs" env:"RUNNER" shown:"kubernetes where there is a cluster" meaning:"what Suites run as: process, on the machine of Assay, or kubernetes, as Jobs"`
	RunNamespace Namespace  `env:"RUN_NAMESPACE, default=assay-runs" meaning:"namespace of these Jobs, and of what Suites create; nothing else belongs there"`
	Secrets      string     `env:"SECRETS" shown:"none" meaning:"folder with the secrets that Suites may refer to, as <secret>/<key>; readable to nobody else"`

	ConfigRepositories []string `theme:"Config repositories" env:"CONFIG_REPOSITORIES" shown:"none" meaning:"URLs of the config repositories that Assay may write to"`
	ConfigCredentials  string   `env:"CONFIG_CREDENTIALS" shown:"none" meaning:"folder with the credentials of these repositories"`
	ConfigProvider     Provider `env:"CONFIG_PROVIDER, default=auto" meaning:"what serves them: auto (told by the URL), plain (no pull requests), gitea (also Forgejo), github, gitlab, bitbucket or azure (DevOps)"`
	Statuses           Switch   `env:"STATUSES, default=true" meaning:"true puts a status assay/<environment>/<gate> on verified commits of these repositories, where the server has statuses"`
	StatusURL          Link     `env:"STATUS_URL" shown:"none" meaning:"where these statuses link to; {environment}, {gate} and {verification} in it are replaced"`
	Notes              Switch   `env:"NOTES, default=false" meaning:"true notes each Verdict under refs/notes/assay of these repositories; signed where SIGNING_KEY is given"`
	NotesVerifyKeys    string   `env:"NOTES_VERIFY_KEYS" shown:"nobody is trusted" meaning:"folder with public keys (*.asc, *.sshpub), one of which must have signed the notes that assay history rebuild reads"`

	Mode         Mode     `theme:"Reverts" env:"MODE, default=propose" meaning:"the boldest rollback allowed: shadow, propose, merge or commit; the stricter of this and the Gate's wins"`
	ProtectPaths []Glob   `env:"PROTECT_PATHS" shown:"none" meaning:"globs of paths that no revert may touch"`
	ProtectKinds []Kind   `env:"PROTECT_KINDS" shown:"none" meaning:"kinds of objects that no revert may touch, such as PersistentVolumeClaim"`
	Reviewers    []string `env:"REVIEWERS" shown:"none" meaning:"who is asked to review Proposals, by the server's names for them; team:NAME is a team or group"`
	Labels       []string `env:"LABELS, default=assay" meaning:"labels that Proposals get where the server has labels"`
}

// prefix of an Environment's variables.
func prefix(name string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
}

// Variable is the name of one of the Environment's variables.
func (e *Environment) Variable(suffix string) string { return prefix(e.Name) + suffix }

var namePattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// Read reads the variables of environ ("NAME=value"), over which those in flags win; an empty one counts as not set. The error names
// everything that is wrong, each with the variable and what is allowed.
func Read(environ []string, flags map[string]string) (*Settings, error) {
	vars := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, Prefix) {
			vars[name] = strings.TrimSpace(value)
		}
	}
	maps.Copy(vars, flags)
	maps.DeleteFunc(vars, func(_, value string) bool { return value == "" })

	s := &Settings{}
	errs := []error{read(&s.Global, Prefix, vars)}
	known := names(s.Global, Prefix)
	for _, name := range s.Names {
		switch {
		case !namePattern.MatchString(name):
			errs = append(errs, fmt.Errorf("%sENVIRONMENTS: %q must be lower case letters, digits and dashes, such as staging-eu", Prefix, name))
			continue
		case slices.ContainsFunc(s.Environments, func(e *Environment) bool { return prefix(e.Name) == prefix(name) }):
			errs = append(errs, fmt.Errorf("%sENVIRONMENTS: %s is named twice", Prefix, name))
			continue
		}
		env := &Environment{Name: name}
		errs = append(errs, read(env, prefix(name), vars), env.complete())
		s.Environments = append(s.Environments, env)
		known = append(known, names(*env, prefix(name))...)
	}
	if len(s.Names) == 0 {
		errs = append(errs, fmt.Errorf("%sENVIRONMENTS is not set: name the Environments, such as dev,staging", Prefix))
	} else {
		errs = append(errs, unknown(vars, known))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// complete fills in what depends on the name, and says what is missing.
func (e *Environment) complete() error {
	if e.TestsOverlay == "" {
		e.TestsOverlay = "overlays/" + e.Name
	}
	if e.TestsURL == "" {
		return fmt.Errorf("%s is not set: give the URL of the test repository", e.Variable("TESTS_URL"))
	}
	return nil
}

// read fills the fields of a struct. envconfig ends at the first value that is wrong; that one is then left out, so that the next is found.
func read(target any, prefix string, vars map[string]string) error {
	var errs []error
	left := maps.Clone(vars)
	for {
		var at string
		err := envconfig.ProcessWith(context.Background(), &envconfig.Config{
			Target:   target,
			Lookuper: envconfig.PrefixLookuper(prefix, envconfig.MapLookuper(left)),
			Mutators: []envconfig.Mutator{envconfig.MutatorFunc(func(_ context.Context, _, name, _, value string) (string, bool, error) {
				at = name
				return value, false, nil
			})},
		})
		if err == nil {
			return errors.Join(errs...)
		}
		wrong := (*valueError)(nil)
		if _, set := left[at]; !set || !errors.As(err, &wrong) {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, fmt.Errorf("%s: %w", at, wrong))
		delete(left, at)
	}
}
