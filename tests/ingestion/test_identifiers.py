"""Two spellings of one identifier are one, what cannot be one is marked, and nobody sees a raw value."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from graph.model.errors import RecordError
from graph.model.types import IdentifierKind as K
from ingestion.contract import APPLICATIONS, hashed_already
from ingestion.identifiers.hashes import scheme_of
from ingestion.identifiers.masks import mask
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.identifiers.validity import Validity, Why
from ingestion.parse_context import Pseudonymiser

SAME = [
    (K.PHONE, "+86 150-7315-7065", "15073157065"),
    (K.PHONE, "１５０７３１５７０６５", "0086 15073157065"),
    (K.PHONE, "0731-66352373", "+86 731 6635 2373"),
    (K.PHONE, "010-62345678 转 801", "(010)62345678"),
    (K.NATIONAL_ID, "11010519491231002x", " 110105 19491231 002X"),
    (K.NATIONAL_ID, "110105491231002", "11010519491231002X"),
    (K.BANK_CARD, "6214 8320 6567 4315 435", "6214832065674315435"),
    (K.EMAIL, "Li.Na+loan@GMail.com", "lina@googlemail.com"),
    (K.EMAIL, "ABC@QQ.COM", "abc@qq.com"),
    (K.IP, "::ffff:58.4.15.178", "58.4.15.178"),
    (K.IP, "2409:8A00:0:0::1", "2409:8a00::1"),
    (K.WIFI, "94-98-12-A8-F7-71", "949812a8f771"),
    (K.DEVICE, "41E65BF7-5147-4807-AEFD-FB2A21D396E1", "{41e65bf751474807aefdfb2a21d396e1}"),
    (K.PHONE, "15073157065.0", "15073157065"),
    (K.BANK_CARD, "6214832065674315435.0", "6214832065674315435"),
    (K.NATIONAL_ID, "\ufeff11010519491231002X", "11010519491231002X\u200b"),
    (K.DEVICE, "35-693803-564380-9", "356938035643809"),
    (K.ADDRESS, "上海市中泰街１８８号 26栋1116", "上海市中泰街188号26栋1116"),
    (K.EMPLOYER, "昆明隆鑫（服饰）有限责任公司", "昆明隆鑫服饰有限公司"),
    (K.PHONE, "(+86)150-7315-7065", "0086-15073157065"),
    (K.PHONE, "手机：15073157065", "tel:+8615073157065"),
    (K.PHONE, '="15073157065"', "'15073157065"),
    (K.WIFI, '"Home Net"', "Home Net"),
    (K.WIFI, "0:1a:2b:3:4:5", "001A.2B03.0405"),
    (K.DEVICE, "94:98:12:A8:F7:71", "9498.12a8.f771"),
    (K.DEVICE, "35 693803 564380 9", "356938-03-564380-9"),
    (K.DEVICE, "IMEI: 356938035643809", "356938035643809.0"),
    (K.EMAIL, "Li Na <lina@qq.com>", "mailto:lina@qq。com"),
    (K.IP, "58.4.15.178:51234", "58.4.15.178"),
    (K.ADDRESS, "幸福小区3号楼1-203室", "幸福小区 3幢 1#203"),
    (K.ADDRESS, "建设路8号2、1、101室", "建设路8号 2-1-101"),
    (K.ADDRESS, "上海市幸福路1―23号", "上海市幸福路1-23号"),
    (K.EMPLOYER, "“上海《华新》有限公司”", "上海华新有限公司"),
    (K.PHONE, '"15073157065"', "15073157065"),
    (K.EMAIL, "lina@qq.com;", "lina@qq.com"),
    (K.IP, "[2409:8a00::1]:443", "2409:8a00::1"),
]
DIFFERENT = [
    (K.ADDRESS, "上海市浦东新区幸福路1-23号", "上海市浦东新区幸福路12-3号"),
    (K.ADDRESS, "幸福小区3栋1-203", "幸福小区3栋12-03"),
    (K.ADDRESS, "No. 12 Main St #3", "No. 1 2 Main St #3"),
    (K.ADDRESS, "建设路8号2-1-101室", "建设路8号21-101室"),
    (K.ADDRESS, "建设路十-一号院", "建设路十一号院"),
    (K.ADDRESS, "中山路3号楼上", "中山路3栋"),
    (K.EMPLOYER, "7-11便利店", "711便利店"),
    (K.DEVICE, "serial 1 23", "serial 12 3"),
    (K.DEVICE, "aB9kQ-z", "ab9kq-z"),
    (K.WIFI, "Home", "home"),
    (K.WIFI, "a b", "ab"),
    (K.EMAIL, "li.na@qq.com", "lina@qq.com"),
    (K.PHONE, "010-62345678", "021-62345678"),
    (K.PHONE, "+14155552671", "14155552671"),
    (K.PHONE, "0015073157065", "15073157065"),
]


@pytest.mark.parametrize(("kind", "one", "other"), SAME)
def test_two_spellings_are_one_identifier(kind, one, other):
    first, second = normalise(kind, one), normalise(kind, other)
    assert first == second
    assert first.validity is Validity.VALID


@pytest.mark.parametrize(("kind", "one", "other"), DIFFERENT)
def test_a_normal_form_never_joins_what_differs(kind, one, other):
    first, second = normalise(kind, one), normalise(kind, other)
    assert first.value != second.value
    assert first.validity is second.validity is Validity.VALID


HOUSE = st.integers(1, 99)


@given(HOUSE, HOUSE, HOUSE, HOUSE, *[st.sampled_from("-#. 、/—－")] * 2)
def test_house_numbers_are_one_address_exactly_when_they_are_the_same(
    first, second, third, fourth, one_sign, other_sign
):
    one, other = f"上海市幸福路{first}{one_sign}{second}号", f"上海市幸福路{third}{other_sign}{fourth}号"
    assert (normalise(K.ADDRESS, one).value == normalise(K.ADDRESS, other).value) == (
        (first, second) == (third, fourth)
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.PHONE, "13800000000"),
        (K.PHONE, "+86 138-0000-0000"),
        (K.PHONE, "13888888888"),
        (K.PHONE, "00000000000"),
        (K.PHONE, "无"),
    ]
    + [
        (K.DEVICE, text)
        for text in (
            "000000000000000",
            "00000000-0000-0000-0000-000000000000",
            "unknown",
            "NULL",
            "9774d56d682e549c",
            "None",
        )
    ]
    + [
        (K.NATIONAL_ID, "111111111111111111"),
        (K.BANK_CARD, "0000000000000000"),
        (K.EMAIL, "unknown@unknown.com"),
        (K.EMAIL, "test@163.com"),
    ]
    + [
        (kind, word)
        for kind in (K.DEVICE, K.WIFI, K.EMPLOYER, K.ADDRESS, K.PHONE)
        for word in (r"\N", "(null)", "#N/A", "[NULL]", "<NA>", "NaT", "—")
    ]
    + [
        (K.DEVICE, text)
        for text in ("unknown device", "NO-DEVICE", "null,null", "未知设备", "<hidden>", "无设备号")
    ]
    + [
        (K.WIFI, "Unknown WiFi"),
        (K.ADDRESS, "Unknown address"),
        (K.ADDRESS, "地址不详"),
        (K.EMPLOYER, "无工作单位"),
        (K.EMPLOYER, "unknown employer"),
    ]
    + [(K.PHONE, text) for text in ("021-95588", "01010086", "10086", "95588", "110", "+86 10010", "12306")]
    + [
        (K.IP, "0.0.0.0"),
        (K.IP, "127.0.0.1"),
        (K.WIFI, "02:00:00:00:00:00"),
        (K.EMPLOYER, "自由职业"),
        (K.ADDRESS, "未知"),
        (K.EMPLOYER, "n/a"),
    ],
)
def test_a_placeholder_is_not_an_identifier(kind, text):
    assert normalise(kind, text).validity is Validity.PLACEHOLDER


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.NATIONAL_ID, "110105194912310021"),
        (K.NATIONAL_ID, "11010519491331002X"),
        (K.NATIONAL_ID, "E12345678"),
        (K.BANK_CARD, "6214832065674315436"),
        (K.PHONE, "call me"),
        (K.PHONE, "12"),
        (K.EMAIL, "li.na at qq.com"),
        (K.IP, "999.1.1.1"),
        (K.IP, "192.168.1.7"),
        (K.PHONE, "88001234"),
        (K.ADDRESS, "北京市朝阳区"),
        (K.ADDRESS, "广东省 深圳市"),
        (K.PHONE, "7654321"),
        (K.PHONE, "021-8800123"),
        (K.PHONE, "QQ:123456789"),
        (K.PHONE, "#15073157065"),
        (K.PHONE, "15073157065 转 12"),
        (K.PHONE, "15073157065/13912345678"),
    ],
)
def test_what_fails_its_check_is_kept_and_does_not_link(kind, text):
    named = Pseudonymiser(Keyring.parse("secret")).identify(
        next(c for c in APPLICATIONS.columns if c.kind is kind), text
    )
    assert named.validity is Validity.UNVERIFIED
    assert not named.mention.identifier.linking


MASKS = {
    K.PHONE: [
        "150****7065",
        "151xxxx7065",
        "151XXXX7065",
        "1391234****",
        "15073157065*",
        "150····7065",
        "150●●●●7065",
        "150____7065",
        "１５０＊＊＊＊７０６５",
    ],
    K.NATIONAL_ID: ["110105********002X", "110105XXXXXXXX002X"],
    K.BANK_CARD: ["6214 **** **** 5435", "6214832065674310000"],
    K.DEVICE: [
        "6f1f********4b7f",
        "6f1fxxxxxxxx4b7f",
        "35693803xxxxxxx",
        "6f1f9a62…",
        "AB****9K",
        "94:98:12:xx:xx:71",
    ],
    K.EMAIL: ["z****n@qq.com", "z***@qq.com", "138xxxx7065@163.com", "lina@q...", "l●●a@qq.com"],
    K.IP: ["58.4.*.*", "58.4.x.x"],
    K.WIFI: ["TP-LINK_****", "94:98:12:**:**:71", "94-98-12-XX-XX-71", "ChinaNet-XXXX", "Home…"],
    K.ADDRESS: [
        "北京市朝阳区******",
        "上海市XX路12号",
        "上海市某小区3栋",
        "上海市浦东新区幸福…",
        "上海市○○路12号",
        "上海市幸福路X号",
    ],
    K.EMPLOYER: ["上海**有限公司", "某公司", "XX有限公司", "王*有限公司", "上海××公司", "上海东方…有限公司"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in MASKS.items() for text in texts])
def test_a_value_that_shows_its_own_gaps_stays_as_it_is_and_never_links(kind, text):
    normal = normalise(kind, text)
    assert (normal.validity, normal.why) == (Validity.UNVERIFIED, Why.GAPS)


@given(
    st.sampled_from(list(K)),
    st.sampled_from(["3.56938E+14", "6.21483e+18", "1,5073E+10", "1.10105E17", "3.56938×10^14"]),
)
def test_a_number_in_scientific_notation_is_no_identifier_of_any_kind(kind, text):
    assert normalise(kind, text).validity is Validity.UNVERIFIED


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.DEVICE, "3e14567890123456"),
        (K.DEVICE, "generic_x86_64-ab12"),
        (K.DEVICE, "xxAbc9Zkq"),
        (K.DEVICE, "0x1a2b3c4d5e"),
        (K.WIFI, "xXx_Gamer_xXx"),
        (K.WIFI, "Pretty fly for a Wi-Fi"),
        (K.WIFI, "TP-LINK_5G"),
        (K.WIFI, "Bob's (2.4G)"),
        (K.EMAIL, "foxxy_lady@qq.com"),
        (K.EMAIL, "maxxx@qq.com"),
        (K.EMPLOYER, "Exxon Mobil"),
        (K.EMPLOYER, "XXL服饰有限公司"),
        (K.EMPLOYER, "万科·城市花园物业"),
        (K.EMPLOYER, "A.O.史密斯"),
        (K.ADDRESS, "上海市幸福小区3栋1-203"),
        (K.ADDRESS, "上海市幸福路二〇三号"),
        (K.ADDRESS, "12 Xixi Road, Hangzhou"),
        (K.PHONE, "400-810-8888"),
        (K.PHONE, "+1 650-253-0000"),
        (K.PHONE, "+14155552671"),
        (K.WIFI, "Available"),
        (K.WIFI, "NoNo"),
        (K.EMPLOYER, "Unknown Worlds"),
        (K.ADDRESS, "上海市幸福小区"),
        (K.ADDRESS, "浙江省杭州市西湖景区"),
    ],
)
def test_a_value_that_only_looks_masked_goes_on_linking(kind, text):
    assert normalise(kind, text).validity is Validity.VALID


@given(
    st.sampled_from(("+1", "001", "+44", "+852")),
    st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True),
)
def test_a_number_of_another_country_is_never_one_of_ours(country, number):
    assert not normalise(K.PHONE, country + number).value.startswith("+86")


# 179 is left out: no mobile begins with it, and the library takes it for the code of a carrier.
@given(
    st.from_regex(r"(\+86|86)?1([3-689][0-9]|7[0-8])[0-9]{8}", fullmatch=True)
    | st.from_regex(r"0(10|2[0-9]|[3-9][0-9]{2})-?[2-8][0-9]{7}", fullmatch=True)
)
def test_the_short_way_reads_phones_as_the_library_does(text):
    number = phonenumbers.parse(text, "CN")
    assert normalise(K.PHONE, text).value == phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    )


@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True))
def test_the_short_way_sums_cards_as_the_library_does(text):
    assert (normalise(K.BANK_CARD, text).validity is not Validity.UNVERIFIED) >= luhn.is_valid(text)
    if normalise(K.BANK_CARD, text).validity is Validity.VALID:
        assert luhn.is_valid(text)


@given(st.ip_addresses(v=4))
def test_the_short_way_reads_addresses_as_the_library_does(address):
    assert normalise(K.IP, str(address)).value == str(address)
    if normalise(K.IP, str(address)).validity is Validity.VALID:
        assert not any(
            (
                address.is_loopback,
                address.is_multicast,
                address.is_link_local,
                address in ipaddress.ip_network("10.0.0.0/8"),
            )
        )


@given(
    st.dates(),
    st.from_regex(r"[1-6][0-9]{5}", fullmatch=True),
    st.integers(0, 999),
    st.sampled_from("0123456789X"),
)
def test_a_national_id_is_sound_exactly_when_its_checksum_is(born, county, order, check):
    text = f"{county}{born:%Y%m%d}{order:03d}{check}".rjust(18, "1")
    sound = normalise(K.NATIONAL_ID, text).validity is Validity.VALID
    assert sound == (ric.calc_check_digit(text) == check)


TYPED = st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from(
    "０１９Ａｘ＠．－（） 上海市路号栋室有限公司"
)


@given(st.sampled_from(list(K)), st.text(TYPED, min_size=1, max_size=40))
def test_what_people_type_is_normalised_to_a_lasting_form(kind, text):
    once = normalise(kind, text)
    assert normalise(kind, once.value).value == once.value


@pytest.mark.parametrize(
    ("kind", "text", "masked"),
    [
        (K.PHONE, "15073157065", "150****7065"),
        (K.NATIONAL_ID, "11010519491231002X", "110****002X"),
        (K.BANK_CARD, "6214832065674315435", "6214****5435"),
        (K.DEVICE, "c2ff614802a77f2a", "***7f2a"),
        (K.EMAIL, "lina@qq.com", "l***@qq.com"),
        (K.IP, "58.4.15.178", "58.4.*.*"),
        (K.WIFI, "94:98:12:a8:f7:71", "94:98:12:**:**:71"),
    ],
)
def test_people_see_a_masked_form(kind, text, masked):
    assert normalise(kind, text).masked == masked


@given(
    st.sampled_from([k for k in K if k not in (K.IP, K.EMAIL)]),
    st.text("0123456789abcdef", min_size=8, max_size=32),
)
def test_a_mask_hides_at_least_three_characters(kind, text):
    value = normalise(kind, text).value
    shown = mask(kind, value).replace("*", "")
    assert len(shown) <= len(value) - 3


def test_a_pseudonym_names_its_key_version_and_changes_with_the_key():
    token = Keyring.parse("one secret").token("phone", "+8615073157065")
    assert token.startswith("k1.")
    assert len(token) == 35
    assert token == Keyring.parse("one secret").token("phone", "+8615073157065")
    assert token[3:] != Keyring.parse("another secret").token("phone", "+8615073157065")[3:]
    assert token != Keyring.parse("one secret").token("device", "+8615073157065")


def test_sm3_is_an_option_and_its_pseudonyms_say_so():
    token = Keyring.parse("one secret", algorithm="sm3").token("phone", "+8615073157065")
    assert token.startswith("k1-sm3.")


@pytest.mark.skipif(
    "sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3 to compare with"
)
def test_gmssl_computes_the_same_sm3_as_openssl(monkeypatch):
    pytest.importorskip("gmssl")
    by_openssl = Keyring.parse("s" * 80, algorithm="sm3").token("phone", "x")
    monkeypatch.setattr(hashlib, "algorithms_available", set())
    assert Keyring.parse("s" * 80, algorithm="sm3").token("phone", "x") == by_openssl


def test_after_a_rotation_known_values_keep_their_pseudonym_and_new_ones_get_a_new():
    phone = APPLICATIONS.column("phone")
    old = Pseudonymiser(Keyring.parse("k1:first")).identify(phone, "15073157065").mention.identifier
    store = {old.node}
    rotated = Pseudonymiser(Keyring.parse("k2:second,k1:first"), knows=store.__contains__)
    assert rotated.identify(phone, "+86 15073157065").mention.identifier == old
    assert rotated.identify(phone, "15073157066").mention.identifier.token.startswith("k2.")


def test_values_that_come_hashed_link_with_each_other_and_are_hashed_again():
    naming = Pseudonymiser(Keyring.parse("secret"))
    phone = hashed_already("applications", "sha256").column("phone")
    digest = hashlib.sha256(b"15073157065").hexdigest()
    one, other = naming.identify(phone, digest), naming.identify(phone, digest.upper())
    assert one.mention.identifier == other.mention.identifier
    assert one.valid
    assert digest[:32] not in one.mention.identifier.token


@pytest.mark.parametrize("value", ["15073157065", "9f" * 31, "zz" * 32, "k1." + "0f" * 16])
def test_a_value_that_its_hash_cannot_have_given_is_refused(value):
    phone = hashed_already("applications", "sha256").column("phone")
    with pytest.raises(RecordError) as error:
        Pseudonymiser(Keyring.parse("secret")).identify(phone, value)
    assert (error.value.field, error.value.code) == ("phone", "not_of_scheme")


def test_a_digest_is_the_same_in_hexadecimal_and_in_base64():
    digest = hashlib.sha256(b"15073157065")
    naming, phone = (
        Pseudonymiser(Keyring.parse("secret")),
        hashed_already("applications", "sha256").column("phone"),
    )
    spelt = (
        digest.hexdigest(),
        base64.b64encode(digest.digest()).decode(),
        base64.urlsafe_b64encode(digest.digest()).decode().rstrip("="),
    )
    assert len({naming.identify(phone, text).mention.identifier.token for text in spelt}) == 1


def test_among_hashes_a_spelling_of_null_is_a_placeholder_and_a_mask_never_links():
    phone = hashed_already("applications", "sha256").column("phone")
    naming = Pseudonymiser(Keyring.parse("secret"))
    assert [naming.identify(phone, text).validity for text in ("NULL", "#N/A", "9f9f****9f9f")] == [
        Validity.PLACEHOLDER, Validity.PLACEHOLDER, Validity.UNVERIFIED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("SHA-256", "sha256"),
        ("sm3", "sm3"),
        ("opaque", "opaque"),
        ("opaque-lab", "opaque-lab"),
        ("crc32", None),
        ("", None),
    ],
)
def test_a_scheme_is_one_that_there_is(name, scheme):
    assert scheme_of(name) == scheme


def test_the_hash_of_a_placeholder_is_a_placeholder():
    phone = hashed_already("applications", "md5").column("phone")
    named = Pseudonymiser(Keyring.parse("secret")).identify(phone, hashlib.md5(b"13800000000").hexdigest())
    assert named.validity is Validity.PLACEHOLDER


@pytest.mark.parametrize("key", ["short", "k" * 64, "a-key-longer-than-the-block-of-its-hash-" * 3])
def test_a_pseudonym_is_the_hmac_of_its_kind_and_value(key):
    expected = hmac.digest(key.encode(), b"phone/+8615073157065", "sha256")[:16].hex()
    assert Keyring.parse(key).token("phone", "+8615073157065") == f"k1.{expected}"
