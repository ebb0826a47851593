//! An admin credential that expires between two requests, whichever they are.
use crate::emulator::Config;
use crate::site::Site;

const THREE: &str = "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:read] }\n  two: { scopes: [pcx:webhooks:read] }\n  three: { scopes: [pcx:devices:read] }\n";

fn revive(site: &Site) {
    site.emulator.configure(|config| config.admin_requests = None);
    site.emulator.change_key(&site.emulator.admin_id(), |key| key.enabled = true);
}

/// How many requests an undisturbed apply makes.
fn requests(prepare: impl Fn(&Site)) -> usize {
    let site = Site::new(Config::default());
    prepare(&site);
    site.emulator.forget_requests();
    site.apply().exits(0);
    site.emulator.requests().len()
}

/// Lets the credential die after every number of requests, heals it, and applies again.
fn at_every_request(prepare: impl Fn(&Site) + Copy + Send + Sync, check: impl Fn(&Site) + Copy + Send + Sync) {
    let all = requests(prepare);
    assert!(all > 3);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for allowed in (0..all).filter(|number| number % 2 == half) {
                    let site = Site::new(Config::default());
                    prepare(&site);
                    site.emulator.forget_requests();
                    site.emulator.configure(|config| config.admin_requests = Some(allowed));
                    let ran = site.apply();
                    // With the last answers only a proof by the new key itself can be left.
                    assert!(
                        ran.exit == 4 || (ran.exit == 0 && allowed + 3 >= all),
                        "{allowed} of {all}: {}\n{}{}",
                        ran.exit,
                        ran.stdout,
                        ran.stderr
                    );
                    if ran.exit == 4 {
                        let said = format!("{}{}", ran.stdout, ran.stderr);
                        assert!(said.contains("401") || said.contains("credential"), "{allowed} of {all}: {said}");
                    }
                    revive(&site);
                    site.apply().exits(0);
                    check(&site);
                    site.settle();
                }
            });
        }
    });
}

#[test]
fn a_credential_that_expires_while_keys_are_created() {
    at_every_request(
        |site| site.declare(THREE),
        |site| {
            assert_eq!(site.live().len(), 3, "{:?}", site.live());
            for name in ["billing", "two", "three"] {
                site.assert_works(name);
            }
            let known =
                ["billing", "two", "three"].iter().flat_map(|name| site.record(name).generations.into_iter().filter_map(|one| one.id));
            assert_eq!(known.count(), site.keys().len(), "every key that was made is known");
        },
    );
}

#[test]
fn a_credential_that_expires_while_keys_are_edited_and_disabled() {
    at_every_request(
        |site| {
            site.declare(THREE);
            site.apply().exits(0);
            site.declare(
                "  billing: { label: Billing webhooks, scopes: [pcx:webhooks:create] }\n  two: { scopes: [pcx:webhooks:read], state: disabled }\n",
            );
        },
        |site| {
            assert_eq!(site.live().len(), 1, "{:?}", site.live());
            assert_eq!(site.assert_works("billing").scopes, ["pcx:webhooks:create"]);
        },
    );
}
