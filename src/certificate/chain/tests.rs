use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

type Der = CertificateDer<'static>;

/// Somebody who can sign: a name and a key.
struct Signer {
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
}

impl Signer {
    fn new(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    fn with_key(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = true;
        Self {
            issuer: Issuer::new(params.clone(), key),
            params,
        }
    }

    /// The certificate of a self-signed root.
    fn root(&self) -> Der {
        let made = self.params.self_signed(self.issuer.key());
        made.unwrap().der().clone()
    }

    /// A certificate with this signer's name and key, signed by another one.
    fn by(&self, issuer: &Self) -> Der {
        let made = self.params.signed_by(self.issuer.key(), &issuer.issuer);
        made.unwrap().der().clone()
    }

    /// A leaf signed by this signer.
    fn leaf(&self, name: &str) -> Der {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer);
        made.unwrap().der().clone()
    }
}

/// A public CA: an intermediate, its root, and an older root that signed both names once more.
struct Authority {
    old: Signer,
    root: Signer,
    intermediate: Signer,
}

impl Authority {
    fn new() -> Self {
        Self {
            old: Signer::new("Old Root"),
            root: Signer::new("Root"),
            intermediate: Signer::new("Intermediate"),
        }
    }

    fn leaf(&self) -> Der {
        self.intermediate.leaf("a.example.com")
    }

    fn intermediate(&self) -> Der {
        self.intermediate.by(&self.root)
    }

    fn cross_signed_intermediate(&self) -> Der {
        self.intermediate.by(&self.old)
    }

    fn cross_signed_root(&self) -> Der {
        self.root.by(&self.old)
    }
}

fn broken(chain: &[&Der]) -> ChainFault {
    arrange(chain.iter().copied().cloned().collect()).unwrap_err()
}

/// The places in `given` of what is sent.
fn sent(given: &[&Der]) -> Vec<usize> {
    let arranged = arrange(given.iter().copied().cloned().collect()).unwrap();
    let place = |der: &Der| given.iter().position(|given| *given == der).unwrap();
    arranged.chain.iter().map(place).collect()
}

#[test]
fn a_leaf_alone_is_a_chain() {
    let arranged = arrange(vec![Authority::new().leaf()]).unwrap();
    assert_eq!(arranged.chain.len(), 1);
    assert!(!arranged.reordered && !arranged.leaf_repeated);
    assert!(arrange(Vec::new()).unwrap().chain.is_empty());
}

#[test]
fn chains_as_they_are_delivered_stay_as_they_are() {
    let ca = Authority::new();
    let (leaf, intermediate, root) = (ca.leaf(), ca.intermediate(), ca.root.root());
    let (cross_intermediate, cross_root) = (ca.cross_signed_intermediate(), ca.cross_signed_root());
    let old = ca.old.root();
    let other_key = Signer::new("Intermediate").by(&ca.root);
    let chains: [&[&Der]; 10] = [
        &[&leaf, &intermediate],
        &[&leaf, &intermediate, &root],
        &[&leaf, &intermediate, &cross_root],
        &[&leaf, &intermediate, &cross_root, &old],
        &[&leaf, &intermediate, &root, &cross_root],
        &[&leaf, &intermediate, &cross_intermediate],
        &[&leaf, &cross_intermediate, &intermediate],
        &[&leaf, &intermediate, &cross_intermediate, &old],
        &[&leaf, &intermediate, &cross_intermediate, &root, &old],
        &[&leaf, &intermediate, &other_key],
    ];
    for (number, chain) in chains.into_iter().enumerate() {
        let in_order: Vec<_> = (0..chain.len()).collect();
        assert_eq!(sent(chain), in_order, "chain {number}");
    }
}

#[test]
fn a_self_signed_leaf_may_stand_with_its_next_version() {
    let signer = Signer::new("kubernetes");
    let (leaf, next) = (signer.root(), signer.root());
    assert_eq!(sent(&[&leaf]), [0]);
    assert_eq!(sent(&[&leaf, &next]), [0, 1]);
}

#[test]
fn what_stands_there_twice_is_sent_once() {
    let ca = Authority::new();
    let (leaf, intermediate) = (ca.leaf(), ca.intermediate());
    let cases: [(&[&Der], bool); 4] = [
        (&[&leaf, &leaf, &intermediate], true),
        (&[&leaf, &intermediate, &leaf], true),
        (&[&leaf, &intermediate, &intermediate], false),
        (&[&leaf, &intermediate, &leaf, &intermediate], true),
    ];
    for (given, leaf_repeated) in cases {
        let arranged = arrange(given.iter().copied().cloned().collect()).unwrap();
        assert_eq!(arranged.chain, [leaf.clone(), intermediate.clone()]);
        assert_eq!(arranged.leaf_repeated, leaf_repeated);
        assert!(!arranged.reordered);
    }
}

#[test]
fn any_other_order_becomes_the_path() {
    let ca = Authority::new();
    let path = [
        ca.leaf(),
        ca.intermediate(),
        ca.cross_signed_root(),
        ca.old.root(),
    ];
    for order in [[1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let mut given = vec![path[0].clone()];
        given.extend(order.map(|place: usize| path[place].clone()));
        let arranged = arrange(given).unwrap();
        assert_eq!(arranged.chain, path, "{order:?}");
        assert!(arranged.reordered && !arranged.leaf_repeated);
    }
}

#[test]
fn variants_that_are_no_part_of_a_path_come_last() {
    let ca = Authority::new();
    let (leaf, intermediate, root) = (ca.leaf(), ca.intermediate(), ca.root.root());
    let other_key = Signer::new("Intermediate").by(&ca.root);
    assert_eq!(
        sent(&[&leaf, &other_key, &root, &intermediate]),
        [0, 3, 2, 1]
    );
}

#[test]
fn each_fault_names_the_certificate() {
    let (ca, other) = (Authority::new(), Signer::new("Other"));
    let (leaf, intermediate, root) = (ca.leaf(), ca.intermediate(), ca.root.root());
    let cross_intermediate = ca.cross_signed_intermediate();
    let other_key = Signer::new("Intermediate").by(&ca.root);
    let garbage = Der::from(vec![0x30, 0x03, 1, 2, 3]);
    let lone = other.leaf("Nobody");
    let old_leaf = ca.leaf();
    let cases: [(&[&Der], &str); 8] = [
        (
            &[&leaf, &garbage],
            "certificate 2 of the chain cannot be read",
        ),
        (
            &[&leaf, &root],
            r#"the chain lacks the issuer of certificate 1 ("a.example.com" by "Intermediate")"#,
        ),
        (
            &[&leaf, &other_key],
            r#"certificate 2 ("Intermediate" by "Root") has the name of the issuer of certificate 1, but another key"#,
        ),
        (
            &[&leaf, &intermediate, &other.root()],
            r#"certificate 3 ("Other" by "Other") did not issue any of the others"#,
        ),
        (
            &[&leaf, &intermediate, &lone, &root],
            r#"certificate 3 ("Nobody" by "Other") did not issue any of the others"#,
        ),
        (
            &[&leaf, &old_leaf, &intermediate],
            r#"certificate 2 ("a.example.com" by "Intermediate") did not issue any of the others"#,
        ),
        (
            &[&lone, &garbage, &lone],
            "certificate 2 of the chain cannot be read",
        ),
        (
            &[&leaf, &root, &intermediate, &cross_intermediate],
            r#"the order is wrong, and both certificate 3 ("Intermediate" by "Root") and certificate 4 ("Intermediate" by "Old Root") could come next"#,
        ),
    ];
    for (chain, text) in cases {
        let fault = broken(chain);
        assert_eq!(fault.to_string(), text);
        assert_eq!(fault.code(), "chain_broken");
        assert!(!fault.hint().is_empty());
    }
}

#[test]
fn an_issuer_must_be_a_ca() {
    let mut signer = Signer::new("Intermediate");
    let leaf = signer.leaf("a.example.com");
    signer.params.is_ca = IsCa::ExplicitNoCa;
    assert_eq!(
        broken(&[&leaf, &signer.by(&Signer::new("Root"))]).to_string(),
        r#"certificate 2 ("Intermediate" by "Root") is not a CA, but stands as the issuer of certificate 1"#
    );
}

#[test]
fn a_name_cannot_write_into_the_log_what_it_likes() {
    let signer = Signer::new(&format!("a\"\n{}", "b".repeat(100)));
    let text = broken(&[&signer.leaf("x"), &Signer::new("Other").root()]).to_string();
    assert!(
        text.contains(r#"by "a\"\nb"#) && !text.contains(&"b".repeat(63)),
        "{text}"
    );
}

/// Certificates that can stand together in many ways; the first is the leaf.
fn pool() -> Vec<Der> {
    let ca = Authority::new();
    vec![
        ca.leaf(),
        ca.intermediate(),
        ca.cross_signed_intermediate(),
        ca.root.root(),
        ca.cross_signed_root(),
        ca.old.root(),
        Signer::new("Intermediate").by(&ca.root),
        Signer::new("Other").root(),
    ]
}

proptest! {
    #[test]
    fn what_is_sent_is_in_order_and_whole(picks in prop::collection::vec(0..8_usize, 0..8)) {
        thread_local!(static POOL: Vec<Der> = pool());
        let given: Vec<_> = POOL.with(|pool| {
            let above = picks.iter().map(|pick| pool[*pick].clone());
            std::iter::once(pool[0].clone()).chain(above).collect()
        });
        let Ok(arranged) = arrange(given.clone()) else { return Ok(()) };
        prop_assert_eq!(&arranged.chain[0], &given[0]);
        prop_assert!(given.iter().all(|der| arranged.chain.contains(der)));
        prop_assert!(arranged.chain.iter().all(|der| given.contains(der)));
        let again = arrange(arranged.chain.clone()).unwrap();
        prop_assert_eq!(again.chain, arranged.chain);
        prop_assert!(!again.reordered && !again.leaf_repeated);
    }
}
