"""Which columns are features."""

from __future__ import annotations

from agent.tables.choice import LEFT_OUT, Choice, Names, matches


def test_all_columns_are_features_unless_chosen() -> None:
    assert Names(Choice()).of(["a", "b"]) == {"a": "a", "b": "b"}
    assert Names(Choice(features=("pix_*", "b"))).of(["a", "b", "pix_1"]) == {"b": "b", "pix_1": "pix_1"}
    assert Names(Choice(exclude=("id", "pix_*"))).of(["a", "id", "pix_1"]) == {"a": "a"}
    assert matches("ab", ("x", "a?"))


def test_features_that_have_a_place_of_their_own() -> None:
    names = Names(Choice(prediction="label", exclude=("b",)))
    assert names.of(["id", "features.a", "features.b", "label", "confidence"]) == {
        "features.a": "a",
        "label": "prediction",
        "confidence": "confidence",
    }
    assert names.left_out == {"id": "it is beside features"}


def test_what_the_model_said_has_its_name() -> None:
    names = Names(Choice(prediction="label", confidence="score", features=("a",)))
    given = ["a", "label", "score", "prediction", "confidence"]
    assert names.of(given) == {"a": "a", "label": "prediction", "score": "confidence"}
    assert names.left_out == {"prediction": "prediction is label", "confidence": "confidence is score"}


def test_a_feature_is_called_as_logs_call_it() -> None:
    names = Names(Choice(features=("length", "b"), renamed={"length (cm)": "length"}))
    assert names.of(["length (cm)", "b", "c"]) == {"length (cm)": "length", "b": "b"}
    inside = Names(Choice(renamed={"length (cm)": "length"}))
    assert inside.of(["features.length (cm)"]) == {"features.length (cm)": "length"}


def test_names_that_cannot_be_are_left_out() -> None:
    names = Names(Choice())
    assert names.of(["", "n" * 129, "ok", "half\ud800"]) == {"ok": "ok"}
    assert names.left_out == {
        "": "it has no name",
        "n" * 128: "its name is longer than 128 characters",
        "half\ud800": "its name is no Unicode",
    }


def test_ten_thousand_columns_are_bounded_and_counted() -> None:
    names = Names(Choice(), most=1000)
    given = [f"c{n}" for n in range(10_000)]
    assert list(names.of(given)) == given[:1000]
    assert len(names.left_out) == LEFT_OUT
    assert names.refused == 10_000 - 1000 - LEFT_OUT
    assert names.left_out["c1000"] == "there are 1000 features already"
