"""Tools that agents call: facts from machine-readable sources, and what is concluded from them. Imports no torch."""

from gatling.data.catalog.files import read_catalog as read_catalog
from gatling.data.catalog.files import write_catalog as write_catalog
from gatling.data.catalog.load import load_catalog as load_catalog
from gatling.data.catalog.spec import Parameter as Parameter
from gatling.data.catalog.spec import ToolSpec as ToolSpec
