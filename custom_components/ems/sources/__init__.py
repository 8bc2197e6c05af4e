class SourceError(Exception): pass
