//! A table as JSON Schema, draft 2020-12. Knows no table.

use serde_json::{Map, Value, json};

use super::{Field, Shape};

/// The schema of one value.
pub(super) fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": ["string", "integer"]}),
        Shape::Form(pattern) => json!({"type": "string", "pattern": pattern}),
        Shape::NumberForm(pattern) => json!({"type": ["string", "integer"], "pattern": pattern}),
        Shape::Words(words) => json!({"type": "string", "enum": words}),
        Shape::Number(from, to) if from == to => json!({"const": from}),
        Shape::Number(from, to) => json!({"type": "integer", "minimum": from, "maximum": to}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::List(of, 0) => json!({"type": "array", "items": of_shape(of)}),
        Shape::List(of, least) => json!({"type": "array", "items": of_shape(of), "minItems": least}),
        Shape::Map(names, of) => {
            json!({"type": "object", "propertyNames": {"pattern": names}, "additionalProperties": of_shape(of)})
        }
        Shape::Mapping(fields, least) => {
            let mut schema = of_fields(fields);
            let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
            if *least > 0 {
                schema["minProperties"] = json!(least);
            }
            schema
        }
        Shape::OneOf(fields) => {
            let mut schema = of_fields(fields);
            schema["minProperties"] = json!(1);
            schema["maxProperties"] = json!(1);
            schema
        }
        Shape::Any(shapes) => json!({"anyOf": shapes.iter().map(of_shape).collect::<Vec<_>>()}),
    }
}

fn of_fields(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.key.to_owned(), of_field(field))).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn of_field(field: &Field) -> Value {
    let mut schema = of_shape(&field.shape);
    let absent = if field.absent.is_empty() { String::new() } else { format!(" Left out: {}.", field.absent) };
    schema["description"] = json!(format!("{}{absent}", field.about));
    if let Some(default) = field.default.and_then(value) {
        schema["default"] = default;
    }
    if let Some(example) = Some(field.example).filter(|example| !example.is_empty()).and_then(value) {
        schema["examples"] = json!([example]);
    }
    schema
}

/// YAML as JSON; `None` where it is neither.
pub(super) fn value(yaml: &str) -> Option<Value> {
    serde_yaml::from_str(yaml).ok()
}
