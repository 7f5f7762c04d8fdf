package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

// A Row is one line of a block that holds data and no directives: all its words.
type Row []string

// A RowFault is what nginx refuses about one row.
type RowFault struct {
	// Row is the index of the row, from 0.
	Row int
	// Fault.Arg is the index of the word; 0 is the first of the row.
	Fault
}

// Rows returns the faults in the rows of a block of data (map, geo, split_clients,
// charset_map, types), at most one of each row. nginx stops at the first. The
// rows are those that nginx meets, from included files too.
func Rows(d *catalog.Directive, args []string, rows []Row, v catalog.Version) []RowFault {
	check, ok := rowChecks[d.Name]
	if !ok || d.Section != catalog.Core {
		return nil
	}
	next := check(use{Directive: d, args: args, version: v})
	var faults []RowFault
	for i, row := range rows {
		if f := next(row); f != nil {
			faults = append(faults, RowFault{i, *f})
		}
	}
	return faults
}

// HasRows reports whether Rows knows the blocks of that directive.
func HasRows(name string) bool { return rowChecks[name] != nil }

// rowChecks give the check of one row after the other.
var rowChecks = map[string]func(use) func(Row) *Fault{
	"map":           use.mapRows,
	"geo":           use.geoRows,
	"split_clients": use.splitRows,
	"charset_map":   use.charsetRows,
	"types":         use.typeRows,
}

func (u use) mapRows() func(Row) *Fault {
	exact, wild := newHash(false), newHash(true)
	names := exact
	defaults := 0
	return func(row Row) *Fault {
		switch {
		case len(row) == 1 && row[0] == "hostnames":
			names = wild
			return nil
		case len(row) == 1 && row[0] == "volatile":
			return nil
		case len(row) != 2:
			return said(-1, "a row of a map is a value and the result for it", "invalid number of the map parameters")
		case row[0] == "include":
			return nil
		}
		if f := script(1, row[1]); f != nil {
			return f
		}
		if row[0] == "default" {
			if defaults++; defaults > 1 {
				return said(0, "there is a default already", "duplicate default map parameter")
			}
			return nil
		}
		if pattern, ok := strings.CutPrefix(row[0], "~"); ok {
			return u.regex(0, strings.TrimPrefix(pattern, "*"))
		}
		message := names.add(strings.TrimPrefix(row[0], `\`))
		if message == "" {
			return nil
		}
		hint := ""
		if strings.HasPrefix(message, "conflicting") {
			hint = "this value is there already"
		}
		return said(0, hint, "%s", message)
	}
}

func (u use) geoRows() func(Row) *Fault {
	ranges, networks := false, false
	return func(row Row) *Fault {
		switch {
		case len(row) == 1 && row[0] == "ranges":
			if networks {
				return said(-1, "", `the "ranges" directive must be the first directive inside "geo" block`)
			}
			ranges = true
			return nil
		case len(row) == 1 && (row[0] == "proxy_recursive" || row[0] == "volatile" && !u.atMost(measured)):
			return nil
		case len(row) != 2:
			return said(-1, "a row of a geo block is a network and the value for it", "invalid number of the geo parameters")
		case row[0] == "include":
			return nil
		}
		at := 0
		if row[0] == "delete" || row[0] == "proxy" {
			at = 1
		}
		network := row[at]
		switch {
		case row[0] == "default":
			networks = networks || !ranges
		case ranges && row[0] != "proxy":
			if !isRange(network) {
				return said(at, "first-last, two IPv4 addresses", `invalid range "%s"`, network)
			}
		case network != "255.255.255.255" && !isNetwork(network):
			return said(at, "an address, a network such as 10.0.0.0/8, or default", `invalid network "%s"`, network)
		default:
			networks = networks || row[0] != "proxy"
		}
		return nil
	}
}

func isRange(s string) bool {
	first, last, ok := strings.Cut(s, "-")
	return ok && isIPv4(first) && isIPv4(last) && slices.Compare(octets(first), octets(last)) <= 0
}

// octets are the numbers of an IPv4 address; an empty one is 0.
func octets(s string) []int64 {
	var all []int64
	for octet := range strings.SplitSeq(s, ".") {
		n, _ := nginx.ParseNumber(octet)
		all = append(all, n)
	}
	return all
}

func (u use) splitRows() func(Row) *Fault {
	sum := int64(0)
	return func(row Row) *Fault {
		percent, ok := strings.CutSuffix(row[0], "%")
		switch hundredths, number := parsePercent(percent); {
		case row[0] == "*":
			sum = 10000
		case !ok, !number, hundredths == 0:
			return said(0, "a part such as 12.5%, with two digits behind the point at most, or * for the rest", `invalid percent value "%s"`, row[0])
		default:
			if sum += hundredths; sum > 10000 {
				return said(0, "more than 100% with this", "percent total is greater than 100%%")
			}
		}
		return nil
	}
}

// parsePercent reads a number with at most two digits behind the point, in hundredths.
func parsePercent(s string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if s == "" || len(fraction) > 2 || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	return nginx.ParseNumber(whole + fraction + "00"[len(fraction):])
}

// charsetRows looks at codes of one byte. What stands for them in UTF-8 are some
// bytes; that they are a character is not checked.
func (u use) charsetRows() func(Row) *Fault {
	toUTF8 := strings.EqualFold(u.arg(1), "utf-8")
	return func(row Row) *Fault {
		if len(row) != 2 {
			return said(-1, "a row of a charset_map is two codes", "invalid parameters number")
		}
		for i, code := range row {
			hex := strings.Trim(code, "0123456789abcdefABCDEF") == ""
			oneByte := code != "" && len(strings.TrimLeft(code, "0")) <= 2
			character := toUTF8 && i == 1
			if !hex || !oneByte && !character {
				return said(i, "a hexadecimal code", `invalid value "%s"`, code)
			}
		}
		return nil
	}
}

func (u use) typeRows() func(Row) *Fault {
	return func(row Row) *Fault {
		if row[0] == "include" && len(row) != 2 {
			return said(-1, "a single file", `invalid number of arguments in "include" directive`)
		}
		return nil
	}
}
