package blame

import (
	"slices"

	"github.com/assay-dev/assay/reconciler/gate"
)

// outageLasts is the end of step 3. A Gate that was met by an outage and has not passed since may fail for it still, also where the other
// Gates that saw it are looked at too seldom now to be many. It is over when somebody is seen to be well: a control Suite, or more of the
// other Gates than fail.
func (i *inquiry) outageLasts() *Decision {
	k := slices.IndexFunc(i.Earlier, func(e Earlier) bool { return e.Outage })
	if k < 0 {
		return nil
	}
	seen := i.Earlier[k].At.UTC().Format("2006-01-02 15:04 MST")
	o := i.others()
	if slices.Contains(i.Controls, gate.Passed) || o.passing > len(o.failing.gates) {
		i.note("the outage that was seen at %s is over: others pass", seen)
		return nil
	}
	if d := i.awaitOpen(o, "others are looked at, to see whether the outage that was seen at %s is over", seen); d != nil {
		return d
	}
	return i.outageOf("an outage was seen at %s, and neither another gate nor a control suite was seen to pass since this one fails", seen)
}
