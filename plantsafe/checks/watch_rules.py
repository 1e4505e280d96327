"""Conditions on what sources and the service say of themselves: limits, delays, and what to do, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from plantsafe.verdict import ConditionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on a figure: it holds where sign * figure is at or beyond sign * limit.

    size: the figure's amount counts, on both sides of zero. `$source` in a text is the source's name.
    """

    name: str
    kind: str
    figure: str
    klass: ConditionClass
    priority: int
    limit: float
    sign: float = 1.0
    size: bool = False
    deadband: float = 0.0
    on_delay_scans: int = 0
    off_delay_scans: int = 0
    consequence: Mapping[str, str]
    action: Mapping[str, str]


_FINDING, _ALARM = ConditionClass.FINDING, ConditionClass.ALARM
_CLOCK_ACTION = {
    "en": "Compare the clock of $source and of this machine with the plant's time server; mend the one that is off. "
    "Usual causes: time service stopped, wrong time zone set as UTC, a replaced battery or controller.",
    "zh": "将 $source 与本机的时钟分别同全厂时间服务器比对，校正有偏差的一方。"
    "常见原因：对时服务停止、时区误设为 UTC、更换电池或控制器。",
}
RULES = (
    Rule(
        name="clock_differs", kind="source_clock_differs", figure="clock_offset", klass=_FINDING, priority=4,
        limit=0.5, size=True, deadband=0.1, on_delay_scans=4, off_delay_scans=60,  # site default
        consequence={
            "en": "Times of $source and of this record differ: the order of events across systems is uncertain.",
            "zh": "$source 与本记录的时间不一致：跨系统的事件先后次序不可靠。",
        },
        action=_CLOCK_ACTION,
    ),
    Rule(
        name="clock_wrong", kind="source_clock_wrong", figure="clock_offset", klass=_ALARM, priority=3,
        limit=2.0, size=True, deadband=0.5, on_delay_scans=4, off_delay_scans=10,  # site default
        consequence={
            "en": "Source times of $source cannot be compared with the record; response times and first-out are wrong.",
            "zh": "$source 的源时间无法与本记录比较；响应时间和首出原因判断将出错。",
        },
        action=_CLOCK_ACTION,
    ),
    Rule(
        name="certificate_ends", kind="source_certificate_ends", figure="certificate_days", klass=_ALARM, priority=3,
        limit=30.0, sign=-1.0,  # days ahead: site default, a maintenance interval is planned a month ahead
        consequence={
            "en": "When the certificate ends the link to $source can no longer be made: its points are lost.",
            "zh": "证书到期后将无法与 $source 建立连接，其全部点位丢失。",
        },
        action={
            "en": "Renew the certificate that ends first, ours or the server's, and have the other side trust the new "
            "one before that day. Cause: certificates are made for a fixed time.",
            "zh": "在到期前更新最先到期的证书（本机或服务器），并让对方信任新证书。原因：证书有固定有效期。",
        },
    ),
    Rule(
        name="writable", kind="source_writable", figure="writable_points", klass=_FINDING, priority=4, limit=1.0,
        consequence={
            "en": "$source would let this account write: the protection then rests on plantsafe alone, which never "
            "sends a write.",
            "zh": "$source 允许本账户写入：此时只靠 plantsafe 自身（从不发送写请求）来保证只读。",
        },
        action={
            "en": "Give plantsafe an account with read and browse rights only. Usual cause: the server's anonymous "
            "or default role may write.",
            "zh": "为 plantsafe 配置仅有读取和浏览权限的账户。常见原因：服务器的匿名或默认角色具有写权限。",
        },
    ),
    Rule(
        name="overruns", kind="source_overruns", figure="overruns", klass=_FINDING, priority=4, limit=1.0,
        on_delay_scans=2, off_delay_scans=60,  # site default: three scans in a row are no accident of one moment
        consequence={
            "en": "Reads of $source are not done within the scan: values come late or, in part, not at all.",
            "zh": "$source 的读取未能在一个扫描周期内完成：数值延迟或部分缺失。",
        },
        action={
            "en": "Look at the read time of $source. Read fewer points or less often (scan_period_s), or find what "
            "slows the server or the network.",
            "zh": "查看 $source 的读取用时。减少点数或降低读取频率（scan_period_s），或查明服务器、网络变慢的原因。",
        },
    ),
)  # fmt: skip


OWN_RULES = (
    Rule(
        name="history_behind", kind="history_behind", figure="compaction_lag", klass=_ALARM, priority=4,
        limit=3600.0, deadband=600.0,  # scans: site default, six stretches of ten minutes
        consequence={
            "en": "Samples stay in the record instead of the files of the days: it grows, and long trends become slow.",
            "zh": "样本滞留在记录文件中而未归入日文件：文件不断增大，长期趋势变慢。",
        },
        action={
            "en": "See in the service's log why the compactor does not get on. Usual causes: a full disk, a damaged "
            "file of a day (plantsafe history verify).",
            "zh": "查看服务日志中归档进程停滞的原因。常见原因：磁盘已满、某个日文件损坏（plantsafe history verify）。",
        },
    ),
    Rule(
        name="historian_behind", kind="historian_behind", figure="forward_lag", klass=_ALARM, priority=4,
        limit=600.0, deadband=300.0,  # scans: site default, ten minutes at 1 s
        consequence={
            "en": "The historian lacks the newest samples. Nothing is lost: they are kept here and sent later.",
            "zh": "历史库缺少最新样本。数据未丢失：保存在本机，稍后补传。",
        },
        action={
            "en": "plantsafe forward status says why. Usual causes: network or server down, token or bucket wrong.",
            "zh": "用 plantsafe forward status 查看原因。常见原因：网络或服务器中断、令牌或存储桶错误。",
        },
    ),
    Rule(
        name="historian_refused", kind="historian_refused", figure="dead_letters", klass=_FINDING, priority=4,
        limit=1.0,
        consequence={
            "en": "The historian refused samples for good; they are in our own history only.",
            "zh": "历史库永久拒收部分样本；这些样本仅存于本系统历史。",
        },
        action={
            "en": "plantsafe forward status names the lines and the reasons; mend the historian, then run "
            "plantsafe forward retry.",
            "zh": "plantsafe forward status 列出被拒行及原因；修复历史库后执行 plantsafe forward retry。",
        },
    ),
    Rule(
        name="seals_behind", kind="seals_behind", figure="seal_age", klass=_ALARM, priority=3,
        limit=30.0, deadband=5.0,  # min: site default, three seals that are due every ten minutes
        consequence={
            "en": "The newest events are vouched for by nothing outside this machine: whether somebody changes them "
            "cannot be told.",
            "zh": "最新事件在本机之外没有任何凭证：是否被篡改将无法判断。",
        },
        action={
            "en": "plantsafe journal seals says which place does not take them and why. Usual causes: a share that is "
            "not mounted, a mail or web server that is down, a key that cannot be read.",
            "zh": "用 plantsafe journal seals 查看哪一处未接收及原因。"
            "常见原因：共享目录未挂载、邮件或网页服务器中断、密钥无法读取。",
        },
    ),
    Rule(
        name="not_recorded", kind="not_recorded", figure="unrecorded", klass=_ALARM, priority=2,
        limit=1.0, off_delay_scans=2,  # site default: the scan that the record takes again is one of them
        consequence={
            "en": "Nothing new is in the record, and the pages stand still. Scans and events wait in a spool; when it "
            "is full the service stops, and the plant is not monitored.",
            "zh": "记录不再更新，页面停止刷新。扫描与事件暂存于缓存文件；缓存写满后服务将停止，装置失去监测。",
        },
        action={
            "en": "Free disk space now, or mend record.db; the service's log says what is wrong. What waits is then "
            "appended in its order by itself.",
            "zh": "立即释放磁盘空间或修复 record.db；原因见服务日志。恢复后暂存内容将自动按顺序补写。",
        },
    ),
    Rule(
        name="disk_low", kind="disk_low", figure="disk_free", klass=_ALARM, priority=2,
        limit=2.0, sign=-1.0, deadband=1.0,  # GB: site default, hours of a large plant
        consequence={
            "en": "When the disk is full nothing can be recorded, and the service stops: the plant is not monitored.",
            "zh": "磁盘写满后无法记录，服务将停止：装置失去监测。",
        },
        action={
            "en": "Free disk space now, or drop old days (plantsafe run --keep-days). Look what else fills the disk.",
            "zh": "立即释放磁盘空间，或删除旧日文件（plantsafe run --keep-days），并查找占用磁盘的其他文件。",
        },
    ),
    Rule(
        name="settings_differ", kind="settings_differ", figure="settings_differ", klass=_ALARM, priority=3, limit=1.0,
        consequence={
            "en": "Limits, delays or priorities in use are not those that a second person approved.",
            "zh": "在用的限值、延时或优先级与经第二人批准的不一致。",
        },
        action={
            "en": "plantsafe journal show --kind settings_differ names each. Load the approved file, or have the one "
            "in use approved. Usual cause: a file was approved and never loaded.",
            "zh": "plantsafe journal show --kind settings_differ 列出各项差异。装载已批准的文件，或将在用文件送审。"
            "常见原因：文件已批准但未装载。",
        },
    ),
)  # fmt: skip
"""Of the service itself."""
