from shuke.apps.members.queries import masked
from shuke.apps.members.rules import name_words


def test_names_are_found_by_word_whole_and_pairs_of_han_characters():
    assert name_words("  Ann   LEE ") == {"ann", "lee", "ann lee"}
    assert name_words("欧阳小明") == {"欧阳小明", "欧阳", "阳小", "小明"}
    assert name_words("") == set()


def test_full_width_letters_are_the_same_letters():
    assert "ann" in name_words("Ａｎｎ")


def test_masking_keeps_the_first_character_only():
    assert masked("王小明") == "王**"
    assert masked("") == ""
