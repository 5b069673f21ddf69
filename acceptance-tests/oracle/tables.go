package main

import (
	"encoding"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

// kinds of every line we know; those the linked machinery does not know are left out.
var kinds = strings.Fields(`
	ExistingVolumeConfig RawVolumeConfig SwapVolumeConfig UserVolumeConfig VolumeConfig ZswapConfig
	PCIDriverRebindConfig NetworkDefaultActionConfig EthernetConfig KubeSpanEndpointsConfig NetworkRuleConfig
	EventSinkConfig ExtensionServiceConfig KmsgLogConfig WatchdogTimerConfig TrustedRootsConfig SideroLinkConfig
	RegistryAuthConfig RegistryMirrorConfig RegistryTLSConfig BondConfig BridgeConfig DHCPv4Config DHCPv6Config
	DummyLinkConfig HCloudVIPConfig HostnameConfig Layer2VIPConfig LinkConfig LinkAliasConfig ResolverConfig
	StaticHostConfig TimeSyncConfig VLANConfig WireguardConfig OOMConfig
	ExternalVolumeConfig BlackholeRouteConfig KubeSpanConfig RoutingRuleConfig TCPProbeConfig VRFConfig
	EnvironmentConfig ImageVerificationConfig
	FilesystemTrimConfig FilesystemScrubConfig DiscoveryIdentityConfig DiscoveryServiceConfig ContainerConfig
	CRIBaseRuntimeSpecConfig CRICustomizationConfig ImageCacheConfig KubeAdmissionControlConfig KubeAggregatorCAConfig
	KubeAPIServerConfig KubeAPIServerCAConfig KubeAuditPolicyConfig KubeAuthenticationConfig KubeAuthorizerConfig
	KubeClusterConfig KubeControllerManagerConfig KubeCoreDNSConfig KubeCredentialProviderConfig
	KubeEtcdEncryptionConfig KubeExternalManifestConfig KubeFlannelCNIConfig KubeInlineManifestConfig KubeletConfig
	KubePrismConfig KubeNetworkConfig KubeNodeConfig KubeProxyConfig KubeSchedulerConfig KubeServiceAccountConfig
	KubeStaticPodConfig KubeTalosAPIAccessConfig BGPInstanceConfig HTTPProbeConfig VethConfig EtcFileConfig
	KernelModuleConfig SecurityProfileConfig SysctlConfig SysfsConfig UdevRulesConfig UnattendedInstallConfig
	LVMLogicalVolumeConfig LVMVolumeGroupConfig RAIDArrayConfig`)

// needed is what a document of some kinds does not load without.
var needed = map[string]string{"VethConfig": "name: a\npeer: {name: b}\n"}

// claims are texts inside a document that count as names of further documents of its kind.
var claims = map[string]string{"VethConfig": "peer.name"}

// scalars are Go types that stand for one YAML scalar with a form of its own.
var scalars = map[string]string{
	"time.Duration": "duration", "meta.URL": "url", "v1alpha1.Endpoint": "endpoint",
	"cel.Expression": "cel", "block.ByteSize": "bytesize", "block.Size": "size",
	"netip.Addr": "ip", "netip.Prefix": "cidr", "netip.AddrPort": "addrport",
	"network.Addr": "ip", "network.Prefix": "cidr", "network.AddrPort": "addrport",
	"network.PortRange": "portrange", "nethelpers.HardwareAddr": "hwaddr",
	"v1alpha1.DiskSize": "disksize", "v1alpha1.FileMode": "filemode",
	"v1alpha1.InstallDiskSizeMatcher": "disksizematch", "v1alpha1.Base64Bytes": "base64",
	"v1alpha1.Unstructured": "any", "meta.Unstructured": "any",
	"meta.Addr": "ip", "meta.Prefix": "cidr", "meta.AddrPort": "addrport",
	"v1alpha1.Args": "args", "meta.Args": "args", "runtime.EtcFileMode": "filemode",
}

// keyed are list types with a merge of their own, and what they match items by.
var keyed = map[string]string{
	"v1alpha1.NetworkDeviceList": "interface|deviceSelector", "v1alpha1.VlanList": "vlanId",
	"v1alpha1.AdmissionPluginConfigList": "name", "extensions.ConfigFileList": "mountPath",
	"security.ImageVerificationRules": "image",
}

// zeroBy are structs that count as empty when these fields are, whatever the others hold.
var zeroBy = map[string]string{"block.EncryptionSpec": "provider,keys"}

// trimmed are texts that lose leading line breaks and tabs when they are read.
var trimmed = map[string]bool{"v1alpha1.ClusterInlineManifest.contents": true}

type tables struct {
	structs map[string]reflect.Type
	enums   map[string]reflect.Type
	secret  map[string]bool
}

func writeTables(w io.Writer) error {
	t := tables{map[string]reflect.Type{}, map[string]reflect.Type{}, map[string]bool{}}

	var lines []string

	main, err := document("version: v1alpha1\nmachine:\n  type: worker\ncluster: null\n")
	if err != nil {
		return err
	}

	lines = append(lines, t.document("v1alpha1", main))

	for _, kind := range kinds {
		doc, err := document("apiVersion: v1alpha1\nkind: " + kind + "\n" + needed[kind])
		if err != nil {
			continue
		}

		lines = append(lines, t.document(kind, doc))
	}

	for _, name := range sortedKeys(t.structs) {
		lines = append(lines, t.structLines(name)...)
	}

	for _, name := range sortedKeys(t.enums) {
		lines = append(lines, enumLine(name, t.enums[name]))
	}

	lines = append(lines, rules()...)

	_, err = io.WriteString(w, strings.Join(lines, "\n")+"\n")

	return err
}

func document(text string) (config.Document, error) {
	cfg, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return nil, err
	}

	if v1 := cfg.RawV1Alpha1(); v1 != nil {
		return v1, nil
	}

	return cfg.Documents()[0], nil
}

func (t *tables) document(kind string, doc config.Document) string {
	typ := reflect.TypeOf(doc).Elem()
	t.visit(typ)

	line := "doc " + kind + " " + typ.String()

	if _, ok := doc.(config.NamedDocument); ok {
		line += " named"
	}

	if c, ok := doc.(config.ConflictingDocument); ok {
		line += " conflicts=" + strings.Join(c.ConflictsWithKinds(), ",")
	}

	if path := claims[kind]; path != "" {
		line += " claims=" + path
	}

	if s, ok := doc.(interface{ Redact(string) }); ok {
		t.findSecrets(doc, s.Redact)
	}

	return line
}

var containers = []reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}

// visit collects the structs and enumerations below a type.
func (t *tables) visit(typ reflect.Type) {
	for scalars[typ.String()] == "" && slices.Contains(containers, typ.Kind()) {
		typ = typ.Elem()
	}

	name := typ.String()
	if scalars[name] != "" {
		return
	}

	if isEnum(typ) {
		t.enums[name] = typ

		return
	}

	if typ.Kind() != reflect.Struct || t.structs[name] != nil {
		return
	}

	t.structs[name] = typ

	for _, f := range fields(typ) {
		t.visit(f.Type)
	}
}

func isEnum(typ reflect.Type) bool {
	_, ok := reflect.New(typ).Interface().(encoding.TextUnmarshaler)

	return ok && typ.Kind() != reflect.Struct && typ.Kind() != reflect.Slice
}

// fields in the order in which YAML shows them, inlined structs in place.
func fields(typ reflect.Type) []reflect.StructField {
	var result []reflect.StructField

	for i := range typ.NumField() {
		f := typ.Field(i)

		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")

		switch {
		case name == "-" || !f.IsExported():
		case slices.Contains(strings.Split(options, ","), "inline"):
			result = append(result, fields(f.Type)...)
		default:
			result = append(result, f)
		}
	}

	return result
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "" {
		return strings.ToLower(f.Name)
	}

	return name
}

func (t *tables) structLines(name string) []string {
	typ := t.structs[name]
	lines := []string{"struct " + name}
	if strings.HasPrefix(name, "x509.") {
		// These set all their fields when they are read, so that a patch with one resets the others.
		lines[0] += " whole"
	}

	if zero := zeroBy[name]; zero != "" && decidesZero(typ) {
		lines[0] += " zero=" + zero
	}

	for _, f := range fields(typ) {
		line := "  " + yamlName(f) + " " + fieldType(name, f)

		if !strings.Contains(f.Tag.Get("yaml"), "omitempty") {
			line += " always"
		}

		if f.Type.Kind() == reflect.Slice && decidesZero(f.Type) {
			line += " keep"
		}

		if strings.Contains(f.Tag.Get("merge"), "replace") {
			line += " replace"
		}

		if by := keyed[f.Type.String()]; by != "" {
			line += " by=" + by
		}

		if t.secret[name+"."+yamlName(f)] {
			line += " secret"
		}

		if trimmed[name+"."+yamlName(f)] {
			line += " trim"
		}

		lines = append(lines, line)
	}

	return lines
}

// decidesZero says whether a type decides itself whether it is left out.
func decidesZero(typ reflect.Type) bool {
	_, ok := reflect.New(typ).Elem().Interface().(interface{ IsZero() bool })

	return ok
}

// fieldType is the type of a field. Keys beside certificates may be the mark of a removed key.
func fieldType(owner string, f reflect.StructField) string {
	if strings.HasPrefix(owner, "x509.") && yamlName(f) == "key" {
		return "base64key"
	}

	return typeText(f.Type)
}

func typeText(typ reflect.Type) string {
	if s := scalars[typ.String()]; s != "" {
		return s
	}

	switch typ.Kind() { //nolint:exhaustive
	case reflect.Pointer:
		return "*" + typeText(typ.Elem())
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}

		return "[]" + typeText(typ.Elem())
	case reflect.Map:
		if typ.Elem().Kind() == reflect.Interface {
			return "any"
		}

		return "map:" + typeText(typ.Elem())
	case reflect.Struct:
		return typ.String()
	default:
		if isEnum(typ) {
			return typ.String()
		}

		return typ.Kind().String()
	}
}

// spellings that some enumeration may take; each type is asked which it takes.
var spellings = strings.Fields(`
	balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb layer2 layer3+4 layer2+3 encap2+3
	encap3+4 vlan+srcmac slow fast none active backup all filter filter-active filter-backup any follow stable bandwidth
	count off on always better failure 802.1q 802.1ad mac duid accept block drop icmp tcp udp icmpv6 phy unicast multicast
	broadcast arp magic magicsecure v1 v2 luks2 xfs ext4 vfat swap partition directory disk tmpfs symlink encrypted overlay
	unspec unspecified default main local unknown cd
	Do53 DoT DoH linear raid0 raid1 raid10 1.0 1.2`)

func enumLine(name string, typ reflect.Type) string {
	line := "enum " + name + " zero=" + marshalText(reflect.New(typ))

	for _, s := range append(namesOf(typ), spellings...) {
		v := reflect.New(typ)
		u := v.Interface().(encoding.TextUnmarshaler) //nolint:forcetypeassert,errcheck

		if u.UnmarshalText([]byte(s)) == nil && marshalText(v) == s && !strings.Contains(line+" ", " "+s+" ") {
			line += " " + s
		}
	}

	if v := reflect.New(typ); v.Interface().(encoding.TextUnmarshaler).UnmarshalText(nil) == nil { //nolint:forcetypeassert,errcheck
		line += " >" + marshalText(v)
	}

	line += numbers(typ)

	first := strings.ToUpper(strings.Fields(line + " x x")[3])
	if v := reflect.New(typ); v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(first)) == nil { //nolint:forcetypeassert,errcheck
		line += " anycase"
	}

	return line
}

// namesOf are the texts of an enumeration's values. Numbers among them are found elsewhere.
func namesOf(typ reflect.Type) []string {
	const last = 0x10000 // the numbers of Ethernet's protocols are the largest

	var names []string

	for i := range uint64(last) {
		v := reflect.New(typ)

		switch {
		case v.Elem().CanInt() && !v.Elem().OverflowInt(int64(i)):
			v.Elem().SetInt(int64(i))
		case v.Elem().CanUint() && !v.Elem().OverflowUint(i):
			v.Elem().SetUint(i)
		default:
			return names
		}

		text := marshalText(v)
		if _, err := strconv.Atoi(text); err != nil && !strings.Contains(text, "(") {
			names = append(names, text)
		}
	}

	return names
}

// numbers that an enumeration takes: as they are (`1..252`) or in place of a name (`1>active`).
func numbers(typ reflect.Type) string {
	var line string

	first, last := -1, -1

	for i := range 300 {
		v := reflect.New(typ)
		text := fmt.Sprint(i)

		if v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil { //nolint:forcetypeassert,errcheck
			continue
		}

		switch name := marshalText(v); {
		case name != text:
			line += " " + text + ">" + name
		case first < 0:
			first, last = i, i
		default:
			last = i
		}
	}

	if first >= 0 {
		line += fmt.Sprintf(" %d..%d", first, last)
	}

	return line
}

func marshalText(v reflect.Value) string {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return fmt.Sprint(v.Elem().Interface())
	}

	text, err := m.MarshalText()
	if err != nil {
		return "ERROR"
	}

	return string(text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}

	sort.Strings(keys)

	return keys
}
