//! Whose base is whose, among several bakes. Starts none.

use crate::flows::bake::BakeRequest;
use crate::report::{Kind, Report};

/// Whether the image `reference` of the local store is the base of `request`.
pub(super) fn builds_on(request: &BakeRequest, reference: &str) -> bool {
    request.local_base.as_deref() == Some(reference)
}

pub(super) fn refuse_circles<'r>(requests: impl IntoIterator<Item = &'r BakeRequest>) -> Result<(), Report> {
    let mut left: Vec<&BakeRequest> = requests.into_iter().collect();
    loop {
        let before = left.len();
        let bases: Vec<String> = left.iter().map(|request| request.reference.clone()).collect();
        left.retain(|request| bases.iter().any(|base| builds_on(request, base)));
        if left.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            let names: Vec<&str> = left.iter().map(|request| request.reference.as_str()).collect();
            return Err(Report::message(Kind::Usage, format!("bases go round in a circle: {}", names.join(", "))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::bake::BakeOptions;

    fn request(reference: &str, base: &str) -> BakeRequest {
        BakeRequest {
            reference: reference.into(),
            recipe: String::new(),
            recipe_file: "/r".into(),
            recipe_text: String::new(),
            base: base.into(),
            local_base: base.strip_prefix("local/").map(Into::into),
            lock: None,
            platforms: Vec::new(),
            workspace: "/w".into(),
            engine: "embedded".into(),
            builder: None,
            can: None,
            seats: Vec::new(),
            options: BakeOptions::default(),
        }
    }

    #[test]
    fn circles_are_refused_and_chains_are_not() {
        let chain = vec![request("c:1", "local/b:1"), request("b:1", "local/a:1"), request("a:1", "global/x:1")];
        assert!(chain.iter().any(|one| builds_on(one, "a:1")));
        refuse_circles(&chain).unwrap();
        let circle = vec![request("a:1", "local/b:1"), request("b:1", "local/a:1"), request("c:1", "scratch")];
        assert_eq!(refuse_circles(&circle).unwrap_err().message, "bases go round in a circle: a:1, b:1");
    }
}
