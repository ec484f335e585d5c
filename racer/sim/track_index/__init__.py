"""An index of a track, so that exact queries touch a handful of segments."""
