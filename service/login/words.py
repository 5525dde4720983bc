"""What the pages of the login say, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LANGUAGES = ("en", "zh")
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "brand": ("Ringfence", "Ringfence"),
        "title": ("Log in at the desk", "登录工作台"),
        "name": ("Name", "用户名"),
        "password": ("Password", "密码"),
        "enter": ("Log in", "登录"),
        "provider": ("Log in through your organisation", "使用单位账号登录"),
        "with_key": ("Use a key instead", "改用访问密钥"),
        "language": ("中文", "English"),
        "refused": (
            "Name and password do not fit, or the user is disabled.",
            "用户名与密码不符，或该用户已停用。",
        ),
        "too_many": ("Too many attempts. Wait a minute, then try again.", "尝试次数过多，请稍候一分钟再试。"),
        "stale": ("The page was open for too long. Try again.", "页面打开时间过长，请重试。"),
        "provider_refused": (
            "Your organisation's login did not let you in. Ask whoever runs Ringfence.",
            "单位账号未能登录，请联系管理员。",
        ),
        "provider_away": (
            "Your organisation's login cannot be reached now. Try again later.",
            "单位登录服务暂不可用，请稍后再试。",
        ),
        "change_title": ("Change your password", "修改密码"),
        "old_password": ("Password until now", "当前密码"),
        "new_password": ("New password", "新密码"),
        "again": ("New password again", "再次输入新密码"),
        "change": ("Change it", "修改"),
        "changed": (
            "The password is changed. You were logged out everywhere else.",
            "密码已修改，其他位置均已退出登录。",
        ),
        "to_desk": ("To the desk", "返回工作台"),
        "old_wrong": ("That is not your password until now.", "当前密码不正确。"),
        "not_same": ("The two new passwords are not the same.", "两次输入的新密码不一致。"),
        "password_length": (
            "The new password needs {least} characters or more.",
            "新密码至少需要{least}个字符。",
        ),
        "password_simple": ("The new password needs more different characters.", "新密码的字符种类过少。"),
        "password_name": ("The new password is hardly more than your name.", "新密码与用户名过于相似。"),
        "no_password": (
            "You log in through your organisation: change it there.",
            "您使用单位账号登录，请在单位系统中修改密码。",
        ),
        "hint": (
            "{least} characters or more; a sentence is easy to keep.",
            "至少{least}个字符，建议使用一句话。",
        ),
    }
)


def words(language: str, **values: object) -> dict[str, str]:
    """All texts in that language."""
    position = LANGUAGES.index(language)
    return {name: texts[position].format(**values) for name, texts in WORDS.items()}
