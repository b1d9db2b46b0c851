"""Puts the product together: the only file that knows every package. `REACTIONS` is the product's behaviour
on one screen: what follows when something has happened. A function is a *now* reaction (same transaction),
`Later` a durable task."""

from flask import Flask

from billing import credit_terms
from billing.bank_transfers import (
    BankTransferAsked,
    BankTransferDeclined,
    BankTransferGranted,
    BankTransferReceived,
)
from billing.payments import PaymentCaptured
from billing.refund_requests import RefundRequested
from catalog import (
    partner_products,  # noqa: F401 its kinds of task
    price_changes,  # noqa: F401 its kinds of task
    price_days,  # noqa: F401 its kinds of task
    promotions,  # noqa: F401 its kinds of task
    sheet_uploads,  # noqa: F401 its kinds of task
    shelf_prices,
)
from catalog.margin_alarms import CostsUnderFloor, ShelfUnderFloor
from catalog.partner_codes import CodeIssued
from catalog.scheduled_prices import PricesWillChange, PricesWillNotChange
from checkout import (
    bank_transfer_requests,
    discounts,
    orders,
    popularity,  # noqa: F401 its kind of task
    quote_ends,  # noqa: F401 its kinds of task
    quote_orders,
    quote_requests,
    won_deals,
)
from checkout.orders import OrderCancelled, OrderFunded, OrderPlaced
from checkout.quote_requests import QuoteNotOffered, QuoteWanted
from checkout.quotes import (
    QuoteAccepted,
    QuoteAnswered,
    QuoteAsked,
    QuoteDeclined,
    QuoteExpired,
    QuoteExpiring,
    QuoteSent,
    QuoteThrownAway,
    QuoteWithdrawn,
)
from core import events
from core.account_links import LinkAsked
from core.accounts import AccountChanged
from core.events import ForAll, Later, Reactions
from partners import (  # noqa: F401 their kinds of task
    admin_rights,
    late_answers,
    leavings,
    reauthorisations,
    tiers,
    viewings,
)
from partners.account_managers import ManagerAssigned, ManagerChanged
from partners.admin_rights import RightsAnswered, RightsAsked
from partners.agreement_links import AgreementLinkSent
from partners.anniversaries import PartnerFlagged, TierDecided
from partners.application_reviews import (
    ApplicationApproved,
    ApplicationAskedBack,
    ApplicationDeclined,
    ApplicationTakenBack,
)
from partners.applications import ApplicationAgain, ApplicationSent
from partners.customer_agreements import AgreementAccepted
from partners.customer_requests import CustomerAsked, CustomerRequestDecided
from partners.customers import RelationshipEnding
from partners.deals import DealApproved, DealExpired, DealExpiring, DealRegistered, DealRejected, DealWon
from partners.direct_notices import DirectSellingRestricted
from partners.domains import DomainFailing, DomainLost
from partners.enrolments import PartnershipBegun, PartnershipEnded
from partners.extensions import TransferPartnerAnswered, TransferPartnerInvited
from partners.invitations import InvitationSent
from partners.leavings import NoticeGiven, NoticeWithdrawn
from partners.newsletters import NewsletterSent
from partners.partner_invitations import PartnerInvitationAccepted, PartnerInvitationSent
from partners.partner_requests import PartnerRequestDeclined
from partners.reauthorisations import ReauthorisationDue, Reauthorised
from partners.requests import RequestAnswered, RequestExpired, RequestHandedIn
from partners.signatures import ApplicationSigned
from partners.standings import PriceListChanged
from partners.tiers import DiscountChanged
from provisioning import (  # noqa: F401 its kinds of task
    add_ons,
    domain_checks,
    fulfilment,
    lifecycles,
    moves,
    openings,
    partner_sales,
    reauthorising,
    service_definitions,
    windows,
)
from provisioning.lifecycles import TermEndsSoon
from provisioning.line_cancellations import DeliveryCancelled
from provisioning.stops import DeliveryNeedsAction, DeliveryRefused, EndNeedsAction
from provisioning.transfers import TransferAsked, TransferDecided, TransferFinished, TransferWithdrawn
from provisioning.undelivered import NotRefunded
from storefront import (  # noqa: F401 their kinds of task become known
    account_mails,
    agreement_mails,
    application_mails,
    bank_transfer_mails,
    deal_mails,
    domain_mails,
    ending_mails,
    mail,
    manager_mails,
    margin_mails,
    newsletter_mails,
    partner_code_mails,
    partner_invitation_mails,
    partner_mails,
    price_mails,
    quote_mails,
    relation_mails,
    request_mails,
    transfer_mails,
    web,
)
from subscriptions import holdings
from subscriptions.cancellations import CancellationWithdrawn, SubscriptionCancelled
from subscriptions.subscriptions import (
    SubscriptionActivated,
    SubscriptionEnded,
    SubscriptionFailed,
    SubscriptionGivenUp,
)

REACTIONS: Reactions = {
    OrderPlaced: [Later("mail_order_received", key="order_id")],
    PaymentCaptured: [orders.fund_by_payment],
    OrderFunded: [fulfilment.begin, won_deals.win],
    OrderCancelled: [
        *(orders.release_alias, quote_orders.reopen, orders.release_offers),
        discounts.release,
        bank_transfer_requests.end,
    ],
    BankTransferAsked: [Later("mail_bank_transfer_asked", key="bank_transfer_id")],
    BankTransferGranted: [Later("mail_bank_transfer_granted", key="bank_transfer_id")],
    BankTransferDeclined: [Later("mail_bank_transfer_declined", key="bank_transfer_id")],
    BankTransferReceived: [Later("mail_bank_transfer_received", key="bank_transfer_id")],
    CodeIssued: [Later("mail_code_issued", key="code_id")],
    PricesWillChange: [Later("mail_prices_will_change", key="notice_id")],
    PricesWillNotChange: [Later("mail_prices_will_not_change", key="notice_id")],
    QuoteSent: [quote_requests.quoted, Later("mail_quote_sent", key="quote_id")],
    QuoteThrownAway: [quote_requests.thrown_away],
    QuoteWanted: [Later("mail_quote_wanted", key="request_id")],
    QuoteNotOffered: [Later("mail_quote_not_offered", key="request_id")],
    QuoteAsked: [Later("mail_quote_asked", key="message_id")],
    QuoteAnswered: [Later("mail_quote_answered", key="message_id")],
    QuoteAccepted: [Later("mail_quote_accepted", key="acceptance")],
    QuoteDeclined: [Later("mail_quote_declined", key="quote_id")],
    QuoteWithdrawn: [Later("mail_quote_withdrawn", key="quote_id")],
    QuoteExpiring: [Later("mail_quote_expiring", key="quote_id")],
    QuoteExpired: [Later("mail_quote_expired", key="quote_id")],
    SubscriptionActivated: [
        ForAll(openings.open_storefronts),
        lifecycles.end_what_is_left_behind,
        ForAll(add_ons.call_those_that_wait),
        ForAll(partner_sales.sold),
        Later("mail_service_ready", key="subscription_id"),
    ],
    SubscriptionFailed: [
        openings.release_storefront,
        add_ons.release_offer,
        ForAll(add_ons.call_those_that_wait),
    ],
    SubscriptionGivenUp: [
        openings.release_storefront,
        add_ons.release_offer,
        ForAll(add_ons.call_those_that_wait),
    ],
    SubscriptionCancelled: [windows.end_at_once, Later("mail_service_cancelled", key="cancellation_id")],
    CancellationWithdrawn: [Later("mail_service_kept", key="cancellation_id")],
    TermEndsSoon: [Later("mail_service_ends_soon", key="notice")],
    SubscriptionEnded: [
        openings.close_storefront,
        partner_sales.ended,
        windows.promise_kept,
        Later("mail_service_ended", key="subscription_id"),
    ],
    DeliveryNeedsAction: [
        Later("mail_needs_attention"),  # at every stop; the buyer is told once
        Later("mail_we_are_on_it", key="delivery_id"),
    ],
    EndNeedsAction: [Later("mail_needs_attention")],
    DeliveryRefused: [Later("give_back", key="delivery_id")],
    DeliveryCancelled: [Later("give_back", key="delivery_id")],
    RefundRequested: [Later("mail_refunded", key="refund_id")],
    NotRefunded: [Later("mail_delivery_refused", key="delivery_id")],
    InvitationSent: [Later("mail_invitation", key="sending")],
    RightsAsked: [Later("mail_rights_asked", key="sending")],
    RightsAnswered: [Later("mail_rights_answered", key="answer_id")],
    CustomerAsked: [Later("mail_customer_asked", key="request_id")],
    CustomerRequestDecided: [Later("mail_customer_decided", key="request_id")],
    RelationshipEnding: [holdings.refuse_if_held, orders.refuse_if_open, admin_rights.end],
    ApplicationSent: [
        Later("mail_application_received", key="sending"),
        Later("mail_application_waits", key="sending"),
    ],
    ApplicationAgain: [Later("mail_application_again", key="sending")],
    ApplicationAskedBack: [Later("mail_application_asked", key="sending")],
    ApplicationApproved: [Later("mail_application_approved", key="sending")],
    ApplicationDeclined: [Later("mail_application_declined", key="application_id")],
    ApplicationTakenBack: [Later("mail_application_taken_back", key="sending")],
    ApplicationSigned: [credit_terms.begin, Later("mail_application_signed", key="application_id")],
    DirectSellingRestricted: [Later("mail_direct_selling_restricted", key="notice_id")],
    PartnershipBegun: [tiers.welcome, Later("show_partner_products")],
    PartnershipEnded: [
        leavings.settle,
        reauthorisations.settle,
        shelf_prices.partnership_ended,
        Later("show_partner_products"),
        Later("mail_partnership_ended", key="enrolment_id"),
        Later("mail_partner_lost", key="enrolment_id"),
    ],
    PriceListChanged: [Later("follow_rules")],
    DiscountChanged: [Later("follow_rules")],
    ShelfUnderFloor: [Later("mail_shelf_under_floor", key="look_id")],
    CostsUnderFloor: [Later("mail_costs_under_floor", key="look_id")],
    NoticeGiven: [
        Later("mail_notice_given", key="notice_id"),
        Later("mail_notice_confirmed", key="notice_id"),
    ],
    NoticeWithdrawn: [Later("mail_notice_withdrawn", key="notice_id")],
    ReauthorisationDue: [Later("mail_reauthorisation_due", key="notice")],
    Reauthorised: [Later("mail_reauthorised", key="reauthorisation_id")],
    TierDecided: [Later("mail_tier_decided", key="decision_id")],
    PartnerFlagged: [Later("mail_partner_flagged", key="decision_id")],
    PartnerInvitationSent: [Later("mail_partner_invitation", key="sending")],
    PartnerInvitationAccepted: [Later("mail_partnership_begun", key="invitation_id")],
    PartnerRequestDeclined: [Later("mail_partner_declined", key="request_id")],
    DealRegistered: [
        Later("mail_deal_registered", key="deal_id"),
        Later("mail_deal_waits", key="deal_id"),
    ],
    DealApproved: [Later("mail_deal_approved", key="deal_id")],
    DealRejected: [Later("mail_deal_rejected", key="deal_id")],
    DealExpiring: [Later("mail_deal_expiring", key="notice")],
    DealExpired: [Later("mail_deal_expired", key="deal_id")],
    DealWon: [Later("mail_deal_won", key="deal_id"), Later("mail_deal_sold", key="deal_id")],
    ManagerChanged: [viewings.end_of_others],
    ManagerAssigned: [Later("mail_manager_assigned", key="assigned_id")],
    NewsletterSent: [Later("mail_newsletter", key="copy_id")],
    RequestHandedIn: [Later("mail_request_waits", key="request_id")],
    RequestAnswered: [Later("mail_request_answered", key="request_id")],
    RequestExpired: [Later("mail_request_expired", key="request_id")],
    LinkAsked: [Later("mail_account_link", key="link_id")],
    AccountChanged: [Later("mail_account_notice", key="event_id")],
    AgreementLinkSent: [Later("mail_agreement_link", key="sending")],
    AgreementAccepted: [Later("mail_agreement_accepted", key="acceptance_id")],
    DomainFailing: [Later("mail_domain_failing", key="since")],
    DomainLost: [Later("mail_domain_lost", key="domain_id")],
    TransferPartnerInvited: [Later("mail_transfer_partner_invited", key="pair_id")],
    TransferPartnerAnswered: [Later("mail_transfer_partner_answered", key="pair_id")],
    TransferAsked: [Later("mail_transfer_asked", key="transfer_id")],
    TransferDecided: [Later("mail_transfer_decided", key="transfer_id")],
    TransferWithdrawn: [Later("mail_transfer_withdrawn", key="transfer_id")],
    TransferFinished: [
        Later("mail_transfer_finished_here", key="transfer_id"),
        Later("mail_transfer_finished_there", key="transfer_id"),
        Later("mail_transfer_told_customer", key="transfer_id"),
    ],
}


def create_app() -> Flask:
    """The WSGI application; refuses to start with unsafe settings, a login with too many rights, or a policy
    that is missing."""
    events.install(REACTIONS)
    return web.create_app()
