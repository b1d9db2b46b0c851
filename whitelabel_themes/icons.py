"""The pictures that pages may use, by Lucide's names. The sprite holds these and no others; a test reads the
templates and refuses a name that is not here."""

ICONS = tuple(
    """
    activity archive arrow-left arrow-right arrow-up-right badge-check ban bell boxes briefcase building-2 calendar
    chart-no-axes-column check chevron-down chevron-left chevron-right chevron-up circle circle-alert circle-check
    circle-dashed circle-dot circle-pause circle-question-mark circle-slash circle-user circle-x clock cloud coins copy
    credit-card dot download ellipsis external-link eye eye-off file-check file-text flask-conical folder globe
    handshake headset history hourglass house image inbox info key key-round laptop layers layout-dashboard life-buoy
    link list-checks list-filter loader lock log-in log-out mail mail-open menu message-circle minus monitor moon
    package palette pause pencil percent play plug plus printer receipt receipt-text refresh-cw rocket rotate-ccw
    rotate-cw scale search send server settings shield shield-check shopping-bag shopping-basket sliders-horizontal
    sparkles star store sun tag tags trash-2 triangle-alert truck upload user user-check user-plus user-x users wallet
    wrench x zap
    """.split()
)
