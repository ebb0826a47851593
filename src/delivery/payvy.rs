//! Payvy: a person pastes the secret there. It has no API; its help pages say where.
use super::{Kind, Way};
use crate::profile::Runbook;

pub const KIND: Kind =
    Kind { name: "payvy", title: "Payvy", endpoint: None, params: &[], single: true, tries: |_| false, way: Way::Attended(runbook) };

fn runbook() -> Runbook {
    let steps = [
        "on your own machine, open the secret: `{{ params.open }}`",
        "open Payvy: Settings > API Integration",
        "replace the user token there by what you opened: it is generation {{ params.generation }} of `{{ key }}`, the token named {{ label }}",
        "see that Payvy accepts it, and clear your clipboard and screen",
    ];
    Runbook {
        title: "give Payvy generation {{ params.generation }} of `{{ key }}`".to_owned(),
        link: None,
        minutes: Some(3),
        steps: steps.map(str::to_owned).to_vec(),
    }
}
