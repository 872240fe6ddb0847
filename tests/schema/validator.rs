//! Python's jsonschema, as the one who says what fits a schema.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const PROGRAM: &str = "
import json, sys
from jsonschema import Draft202012Validator
question, answers = json.load(sys.stdin), []
for schema in question['schemas']:
    Draft202012Validator.check_schema(schema)
validators = [Draft202012Validator(schema) for schema in question['schemas']]
for number, instance in question['instances']:
    errors = validators[number].iter_errors(instance)
    answers.append(['/'.join(map(str, e.absolute_path)) + ': ' + e.message[:200] for e in errors])
print(json.dumps(answers))
";

/// A Python that has it; where there is none the test is skipped by name, or fails where peers are required.
fn python() -> Option<&'static str> {
    let has = |python: &&str| {
        let tried = Command::new(python).args(["-c", "import jsonschema"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("test").to_owned();
        let required = std::env::var("BAKERY_REQUIRE_PEERS").as_deref() == Ok("1");
        assert!(!required, "{test}: python3-jsonschema is absent");
        eprintln!("SKIPPED {test}: python3-jsonschema is absent");
    }
    found
}

/// What is wrong with each instance by the schema of its number; `None` where nobody can say.
pub fn errors(schemas: &[Value], instances: &[(usize, Value)]) -> Option<Vec<Vec<String>>> {
    let mut asked =
        Command::new(python()?).args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let question = json!({"schemas": schemas, "instances": instances}).to_string();
    let mut stdin = asked.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(question.as_bytes()));
    let output = asked.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the validator refuses a schema");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
