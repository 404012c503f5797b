# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that bodies are made of. No list ever changes, so that documents remain verifiable; a test holds them."""
from __future__ import annotations


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# 256 words: the generator $word draws any of them, texts are made of the first 64
WORDS = _listed("""
able about above account active address agree air also amount answer apple area arrive autumn avenue back balance
bank basket before begin below better big bill black block blue board book bottle box branch bread bridge bright
bring brown build bus business button cable call camera card care carry case cash center chair chance change check
city clean clear clock close cloud coat coffee cold color common company complete contact corner cost count country
cover credit cross current customer cut daily date day deal deep delay deliver desk detail direct discount district
door double down draw dress drive dry early earth east easy edge egg eight end enough enter entry equal evening
every exact example extra eye fact fair family far farm fast fee feel few field fill final find fine fire first fish
five floor flower follow food foot form forward four fresh friend front fruit full future garden gate general give
glass go gold good grand gray great green ground group grow guest half hand happy hard head health heart heavy help
here high hill hold home hope hotel hour house ice idea inch item join judge keep kind kitchen label lake land large
last late lead leaf learn leave left letter level light like line list little local long look lot low lunch machine
mail main make many map market match matter meal measure meet member middle mile milk mind minute model money month
morning mountain move much music name narrow near need new next night nine noon normal north note number ocean
""")
# 64 first names
FIRST_NAMES = _listed("""
Ada Adam Aiko Alma Amir Ana Anna Ayşe Ben Björn Carla Chen Chidi Clara Daan Dario Diego Elif Ema Emil Eva Fatima
Felix Femi Freya Hana Hugo Ida Ines Ivan Jan João Jonas José Julia Kofi Lars Lea Léo Li Lina Lucía Mads Maja Marta
Max Mei Mia Milan Nadia Nils Noor Olga Omar Paul Petra Priya Rosa Samir Sara Selma Theo Uma Zoë
""")
# 64 family names
FAMILY_NAMES = _listed("""
Abe Adeyemi Ahmed Almeida Andersen Bakker Bauer Becker Berg Bianchi Castro Chen Costa Cruz Dahl Das Diaz Dubois
Eriksen Fischer Flores Fontaine García Gruber Haas Hansen Hoffmann Horák Ito Jansen Jensen Kaya Khan Kim Koch Kovács
Kumar Lang Larsen Lopez Maier Martin Mensah Meyer Moreau Müller Nagy Nguyen Novák Okafor Olsen Park Patel Petrov
Rossi Ruiz Sato Schmidt Silva Singh Tanaka Weber Yilmaz Zhang
""")
# 64 cities
PLACES = _listed("""
Aarhus Accra Almaty Antwerp Athens Austin Bergen Berlin Bilbao Bogotá Brno Busan Cádiz Cardiff Córdoba Cork Dakar
Delhi Dublin Gdańsk Geneva Ghent Graz Hanoi Helsinki Izmir Kraków Kyoto Lagos Leeds Leipzig Lima Lisbon Łódź Lyon
Malmö Manila Medellín Milan Montréal Mumbai Nairobi Naples Nice Oslo Osaka Porto Prague Pune Quito Riga Rome Seoul
Seville Sofia Split Tallinn Tampere Tartu Toronto Turin Utrecht Vienna Zürich
""")
