//! Has the gate points enough of an asset, and if not, when? For whoever fills the store: `import` and `check`.
//!
//! Elsewhere: a hold for want of points says the same in its sentence, see [`advisor_core::outlook`].

use advisor_core::advice::Advice;
use advisor_core::decision::Decision;
use advisor_core::gate::{self, GateFigures, Verdict};
use advisor_core::outlook::{self, Outlook};
use advisor_core::time;

use crate::evaluate::AssetPlan;

/// How many points there are of how many, and when there will be enough; `None` where there are, or where something
/// else is in the way.
pub(crate) fn shortage(of: &AssetPlan, advice: &Advice) -> Option<String> {
    let rules = &of.rules.gate;
    let (points, needed, outlook) = match (&advice.gate, &advice.decision) {
        (Some(GateFigures { points, verdict: Verdict::Insufficient { needed }, outlook, .. }), _) => {
            (*points, *needed, *outlook)
        }
        (None, Decision::Hold(_)) if advice.t1.is_none() => {
            (0, rules.min_points, gate::outlook(rules, &[], time::nanos(advice.as_of)))
        }
        _ => return None,
    };
    let enough = outlook.map_or(needed, Outlook::enough);
    let outlook = outlook::in_addition(outlook, &of.rules.zone);
    Some(format!("{points} of the {enough} points that it takes in the last {} h{outlook}", rules.lookback_hours))
}
