"""placeholder"""
def described_fields() -> set[str]:
    return {"v1.ObjectMeta.name"}
