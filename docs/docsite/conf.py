# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the collection's documentation, made by Sphinx from what antsibull-docs writes. Nothing is fetched."""

from __future__ import annotations

from docutils import nodes

project = "dyno.couchdb"
copyright = "The couchdyno maintainers"
title = html_short_title = "dyno.couchdb"
extensions = ["sphinx_antsibull_ext"]
nitpicky = True
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_index = False
html_copy_source = False

# The pages of Ansible's own documentation that the generated pages refer to, by their labels.
ANSIBLE = "https://docs.ansible.com/ansible/latest/reference_appendices/"
LABELS = {"common_return_values": "common_return_values.html", "ansible_configuration_settings": "config.html"}


def link_to_ansible(_app, _environment, node, text):
    """What Sphinx is to put in the place of a reference that it does not know, None to have it warn."""
    page = LABELS.get(node["reftarget"])
    return page and nodes.reference("", "", text, refuri=ANSIBLE + page, internal=False)


def setup(app):
    app.connect("missing-reference", link_to_ansible)
