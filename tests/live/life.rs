//! The whole life of two keys at one server: made, used, changed, rotated, disabled, removed.
use crate::server::Server;
use crate::site::Site;
use crate::vendor::{Use, Vendor};

/// Goes through it; `changed` is changed by its manifest, `turned` is rotated.
pub fn whole(vendor: &dyn Vendor, server: &Server) {
    let mut site = Site::new(vendor, server);
    let mut ended = Vec::new();

    let first = vendor.fields(server);
    site.declare(&[("changed", &first), ("turned", &first)]);
    site.comes_to(&[("create", 2)]);
    assert_eq!(site.ours().len(), 2);
    let mut changed = site.works("changed");
    let turned = site.works("turned");
    assert_ne!(changed, turned);
    site.run(&["verify", "-i", "~/ops.txt"]).exits(0);

    let mut fields = first.clone();
    for change in vendor.changes(server) {
        fields = change.fields;
        site.declare(&[("changed", &fields), ("turned", &first)]);
        site.comes_to(&[(change.action, 1)]);
        let now = site.works("changed");
        let entry = site.entry("changed");
        assert!((change.holds)(&entry), "{entry}");
        assert_eq!(vendor.try_out(server, &changed), Use::Works, "until its overlap has passed");
        if change.action == "replace" {
            assert_ne!(now, changed);
            ended.push(changed);
        } else {
            assert_eq!(now, changed);
        }
        changed = now;
    }

    site.settle(&["apply", "--yes", "--rotate", "live/turned"]);
    let rotated = site.works("turned");
    assert_ne!(rotated, turned);
    assert_eq!(vendor.try_out(server, &turned), Use::Works, "until its overlap has passed");
    ended.push(turned);

    // What has been replaced ends with its overlap.
    site.after(4);
    let disables = ended.len() as u64;
    site.comes_to(&[("disable", disables)]);
    assert_eq!((site.works("changed"), site.works("turned")), (changed.clone(), rotated.clone()));
    site.assert_ended(&ended);

    if vendor.reversible() {
        let disabled = format!("{fields}, state: disabled");
        site.declare(&[("changed", &disabled), ("turned", &first)]);
        site.comes_to(&[("disable", 1)]);
        site.assert_ended(std::slice::from_ref(&changed));
        site.declare(&[("changed", &fields), ("turned", &first)]);
        site.comes_to(&[("enable", 1)]);
        assert_eq!(site.works("changed"), changed);
    }

    site.declare(&[("changed", &fields)]);
    site.comes_to(&[("disable", 1)]);
    assert_eq!(site.works("changed"), changed);
    ended.push(rotated);
    // What is only disabled is deleted when its cooldown has passed.
    site.after(20);
    site.settle(&["apply", "--yes"]);
    assert_eq!(site.ours().len(), 1, "{:?}", site.ours());
    assert_eq!(site.works("changed"), changed);

    site.declare(&[]);
    site.settle(&["apply", "--yes", "--allow", "empty"]);
    site.after(40);
    site.settle(&["apply", "--yes", "--allow", "empty"]);
    ended.push(changed);
    site.assert_ended(&ended);
    assert_eq!(site.ours(), Vec::<serde_json::Value>::new());
    site.assert_foreign();
}
