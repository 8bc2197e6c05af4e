"""One door for profiles of every kind: the transport decides which table it is."""

from .document_schema import TRANSPORTS, document_profile
from .documents import DocumentProfile
from .model import Profile
from .node import Node, parse_yaml
from .schema import register_profile

type AnyProfile = Profile | DocumentProfile


def parse_any_profile(text: str, file: str) -> AnyProfile:
    """Check a profile and return it. Raises ProfileError naming file, line, path and remedy."""
    node = parse_yaml(text, file)
    return document_profile(node) if _is_of_documents(node) else register_profile(node)


def _is_of_documents(node: Node) -> bool:
    """Tell by the transport; where that is misspelt, by what only documents have, so that the error fits."""
    if isinstance(node.value, dict) and {"requests", "topics"} & node.value.keys():
        return True
    link = node.value.get("link") if isinstance(node.value, dict) else None
    found = link.value.get("transport") if link and isinstance(link.value, dict) else None
    return found is not None and found.value in TRANSPORTS
