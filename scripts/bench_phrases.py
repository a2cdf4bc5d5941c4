"""How fast phrases are found in ordinary speech, as ratios and rates of one run on one core.

``measure()`` is called by ``scripts/bench``; run alone, this file prints what it returns. The text is made of
service sentences (orders, logistics, banking, retail, support), the phrases of service lines and taboos; they share
their vocabulary, as in life, but the text seldom says one of the phrases.
"""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import ahocorasick

from callflow.flow.model import Phrase
from callflow.phrases.book import Book
from callflow.problems import Location

SENTENCES = """
{您好，|嗯，|好的，||那个，|是这样的，}{我|我们公司|我这边}{想|要|打算|准备}{发|寄|运}{一批|两车|三箱|十几件|一点}{家具|服装|电子产品|机械零件|建材|药品|食品}{到|去}{上海|广州|成都|哈尔滨|义乌|乌鲁木齐|天津港}。
{货|东西|箱子|设备}{大概|差不多|一共|总共}{有|是}{三|五|八|十二|二十}{吨|个立方|件|箱|托盘}，{什么时候|哪天|几号}{能|可以}{提货|装车|送到|安排}？
{司机|师傅|我们同事}{已经|刚刚|马上|一会儿}{到|出发|联系您|装好车|过磅}了，{车牌|电话|路线|签收单}{我|稍后|待会儿}{发给您|短信通知|告诉您}。
{这个|您的|上次那个}{订单|快递|包裹|运单|发票}{昨天|今天早上|上周三|前天晚上}{从|在}{仓库|中转站|分拨中心|海关}{发出|扫描|入库|放行}，{预计|应该是|系统显示}{明天下午|后天|周五之前|月底}{送达|派送|到站}。
{信用卡|借记卡|存折|贷款|理财产品}的{账单|利息|额度|还款日|手续费}{是|按}{每个月|每季度|按天|一次性}{五号|十五号|结算|计算|扣的}，{手机银行|柜台|短信|网点}{里|那边|上面}{能|都可以|随时}{查|办理|打印|修改}。
{我|客户|对方|家里人}{把|已经把}{密码|验证码|身份证|合同|地址}{改|填|传|寄|写}{好了|错了|完了|过去了|一遍}，{页面|系统|软件|机器}{还是|一直|突然|有时候}{打不开|很慢|提示错误|没有反应|自动退出}。
{您|麻烦您|请您}{先|再|现在}{重启|升级|检查|关闭|退出}一下{路由器|打印机|客户端|网关|浏览器}，{然后|接着|等两分钟}{看看|试试|刷新|登录}{能不能|是不是|有没有}{正常|恢复|连上|显示出来}。
{水费|电费|燃气费|物业费|宽带费}{这个月|上个月|今年|从三月份}{比|跟}{以前|去年|邻居家|平时}{多|高|差}了{不少|一倍|几十块|很多}，{想|要}{了解|核对|问问}{怎么|是不是}{计费|抄表|收的}。
{衣服|鞋子|手机|冰箱|沙发}的{颜色|尺码|型号|包装|配件}{不太|有点|跟照片|和描述}{合适|不一样|偏小|旧}，{可以|想|打算}{退货|换货|补发|开票|维修}吗？{吊牌|发票|盒子|保修卡}{都|还}{在|留着|没拆}。
{王|李|张|刘|陈|赵|孙}{先生|女士|经理|师傅|老师}，{我|这边}{帮您|给您|替您}{查|看|登记|记录|申请}{了|过了|一下}，{工程师|财务|销售|仓管|调度}{会|今天|明早}{跟您|和您|打电话给您}{确认|沟通|对接|核实}。
{价格|运费|保险|押金|定金}{这块|方面|的话}{我们|公司|平台}{有|按照|最近有}{优惠|标准|活动|合同价}，{满|超过|达到}{一千|五百|三吨|两个立方}{就|可以}{打九折|免费送|减一半|包邮}。
{路上|高速|仓库|港口}{堵车|下雪|检查|排队|修路}{比较|有点|特别}{厉害|久|严重}，{估计|可能|恐怕}{要|得}{晚|推迟|多等}{两个小时|半天|一天左右|到晚上}，{麻烦|辛苦|请}{理解|体谅|跟收货人说}一下。
{地址|电话|收货人|公司名称}是{朝阳区|浦东新区|武侯区|越秀区|高新区}{建国路|人民南路|科技大道|中山路|长江街}{八十八号|一百二十号|三十六弄|五栋二单元}，{靠近|对面是|旁边有}{地铁站|医院|学校|菜市场|加油站}。
{知道|明白|了解|清楚}了，{那|这样}{我|我们}{下午|晚点|周一|回头}{再|就}{过来|打电话|发邮件|去网点}{办|问|交|处理}。
{您好，|好的，|}请问您的{联系电话|收货地址|订单号|公司名称}是{多少|什么|哪里}？
{好的|嗯好的|是的}，我{已经|这就|马上}{帮您|为您|给您}{查询|登记|记录|核实}{好了|一下|清楚了}。
请您{稍等|放心|留意短信}，{我们|工作人员|司机}{会|将}{尽快|在两小时内|明天上午}{给您答复|送到|跟您确认}。
{可能|大概}{需要|要}您{提供|告诉我|发一下}{身份证号|照片|运单号|取件码}，{可以吗|方便吗|您看行吗}？
{不用|不是|没有}{着急|这个意思|问题|关系}，{慢慢|随时|明天|有空}{找|填|联系|考虑}{就行|也可以|都来得及|再定}。
"""
OPENINGS = """
对不起 很抱歉 不好意思 您好 非常感谢 请问 麻烦您 好的 先生 女士 没办法 我说了 你自己 我们公司 这件事 那个问题
"""
MIDDLES = """
让您久等了 我没听清您的讲话 请您稍等一下 您的声音太小 这个问题不归我管 我帮您把电话转给专家 你去找别的部门
给您添麻烦了 请您换一部电话打来 我会尽快与您联系 您能让我了解一下情况吗 我已经记录下来 你问我我问谁 有意见找领导去
早就跟你解释过了 这超出了我的权限范围 我们会转给相关部门 你到底想怎么样 系统不会有问题 为了更好地为您服务
请回答如下几个问题 请保持电话畅通 请您重复一遍 这是你自己造成的 我现在没空处理 下班之前解决不了 我理解您的心情
"""
ENDINGS = """
好吗 谢谢 可以吗 再见 请您原谅 敬请谅解 明天再说 爱怎么样就怎么样 祝您周末愉快 您看行不行 别再打来了 我也没办法
感谢您的支持
"""

LENGTH = 300_000
CHOICE = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Rate:
    """One measurement: its name, characters a second, and the ratio to the bare automaton of the same run."""

    name: str
    rate: float
    ratio: float


def ordinary_text(length: int, seed: int = 7) -> str:
    """Some ``length`` characters of service talk."""
    rng = random.Random(seed)
    templates = SENTENCES.split()
    out: list[str] = []
    size = 0
    while size < length:
        sentence = CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), rng.choice(templates))
        out.append(sentence)
        size += len(sentence)
    return "".join(out)


def service_phrases(count: int, seed: int = 7) -> list[Phrase]:
    """``count`` different lines of 8 to 25 syllables, half to say and half never to say."""
    parts = itertools.product(OPENINGS.split(), MIDDLES.split(), ENDINGS.split())
    lines = random.Random(seed).sample(["".join(part) for part in parts], count)
    return [Phrase(f"p{i}", "say" if i % 2 else "never", (line,), Location("bench")) for i, line in enumerate(lines)]


def measure(text: str | None = None) -> Iterator[Rate]:
    """All rates, best of several runs each."""
    text = text or ordinary_text(LENGTH)
    phrases = service_phrases(250)
    bare = ahocorasick.Automaton()
    for phrase in phrases:
        bare.add_word(phrase.wordings[0], phrase.name)
    bare.make_automaton()
    base = best_rate(lambda: sum(1 for _ in bare.iter(text)), len(text))
    yield Rate("bare pyahocorasick, 250 lines", base, 1.0)

    exact = Book([replace(phrase, exact=True) for phrase in phrases], {})
    exact.find(text, "agent")
    rate = best_rate(lambda: exact.find(text, "agent"), len(text))
    yield Rate("exact, text to hits, 250 lines", rate, rate / base)

    for count in (250, 5_000):
        book = Book(service_phrases(count), {})
        keys = book.keys(text)
        rate = best_rate(lambda book=book, keys=keys: book.find(keys, "agent"), len(keys))  # type: ignore[misc]
        yield Rate(f"tolerant, keys to hits, {count:,} lines", rate, rate / base)

    book = Book(phrases, {})
    sentence = "请问您需要什么帮助呢我们"
    seconds = min(elapsed(lambda: [book.find(sentence, "agent") for _ in range(1000)]) for _ in range(5)) / 1000
    yield Rate("one sentence of 12, 250 lines (finds a second)", 1 / seconds, 0.0)


def elapsed(run: Callable[[], object]) -> float:
    """Seconds of this process's own time, so that a busy machine does not count."""
    start = time.process_time()
    run()
    return time.process_time() - start


def best_rate(run: Callable[[], object], size: int, times: int = 5) -> float:
    """Items a second in the best of ``times`` runs."""
    return size / min(elapsed(run) for _ in range(times))


def main() -> None:
    for item in measure():
        print(f"{item.name:50} {item.rate:14,.0f} /s  {item.ratio:5.2f}")


if __name__ == "__main__":
    main()
