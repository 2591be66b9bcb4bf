package reconciler

import "github.com/assay-dev/assay/reconciler/history"

// announceChanges tells what became of a Gate between two looks of one pass. What changed while nobody looked, or in the step before a
// crash, is not told: history is the record.
func (l *Loop) announceChanges(before, now *world) {
	if before == nil {
		return
	}
	for _, event := range changes(before.past, now.past) {
		event.Key = now.key
		l.announce(event)
	}
}

// changes are what listeners are told of, in the order in which it happened.
func changes(before, now history.GateState) (events []Event) {
	if final := now.Final; final != nil && final.Verdict != nil && (before.Final == nil || before.Final.ID != final.ID) {
		events = append(events, Event{Kind: Verified, Verification: final})
	}
	incident := now.Incident
	if incident == nil {
		return events
	}
	known := before.Incident
	if known != nil && known.ID != incident.ID {
		known, before.Proposals = nil, nil
	}
	opened, ended := known == nil, known != nil && known.State != incident.State
	if opened {
		events = append(events, Event{Kind: IncidentChanged, Verification: now.Final, Incident: incident})
	}
	states := make(map[string]history.ProposalState, len(before.Proposals))
	for _, p := range before.Proposals {
		states[p.ID] = p.State
	}
	for _, p := range now.Proposals {
		if states[p.ID] != p.State {
			events = append(events, Event{Kind: ProposalChanged, Verification: now.Final, Incident: incident, Proposal: p})
		}
	}
	if ended {
		events = append(events, Event{Kind: IncidentChanged, Verification: now.Final, Incident: incident})
	}
	return events
}
