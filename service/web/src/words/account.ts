// Who has logged in, and what becomes of a session. [English, Chinese].

export const ACCOUNT = {
  logged_in_as: ["Logged in as {name}", "已登录：{name}"],
  log_out: ["Log out", "退出登录"],
  change_password: ["Change the password", "修改密码"],
  role_reader: ["reader", "查看员"],
  role_investigator: ["investigator", "调查员"],
  role_senior: ["senior investigator", "高级调查员"],
  role_auditor: ["auditor", "审计员"],
  role_admin: ["administrator", "管理员"],
  session_title: ["Your session is over", "会话已结束"],
  session_text: ["Log in again; what you wrote stays on this page until you leave it.", "请重新登录；您在此页填写的内容在离开前仍保留。"],
  log_in: ["Log in", "登录"],
  role_title: ["Your role does not open this", "您的角色无此权限"],
  role_text: ["Ask whoever runs this service for another role.", "请向服务管理员申请其他角色。"],
} as const;
