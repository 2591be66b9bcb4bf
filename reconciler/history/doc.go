// Package history remembers what happened: Syncs, Verifications and their Runs, cases and metrics, Incidents, Proposals, and every decision
// with its reason. In go records of the loop, each named by its inputs, so that writing one twice is writing it once; out come the open
// work after a restart, the last Passed state, flake rates, and what people ask about. It decides nothing, and it never forgets silently: a
// damaged or full disk is an error, and retention is counted.
//
// It is kept in a folder, in SQLite, by one Assay; or in a PostgreSQL database, by several. There, writes that would interfere take turns
// (see turn), and who leads takes a term: with it every transaction asks whether that is still the last one, so that an Assay that stood
// still while another took over records nothing any more.
package history
