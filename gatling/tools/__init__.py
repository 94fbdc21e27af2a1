"""Tools that agents call: facts from machine-readable sources, and what is concluded from them. Imports no torch."""

from gatling.tools.derive import effect_of as effect_of
from gatling.tools.files import read_catalog as read_catalog
from gatling.tools.files import write_catalog as write_catalog
from gatling.tools.load import load_catalog as load_catalog
from gatling.tools.spec import Parameter as Parameter
from gatling.tools.spec import ToolSpec as ToolSpec
