"""Words of the connectors, which know no framework; the catalogue translates them."""

from django.utils.translation import gettext_noop

#: Settings and secrets that forms ask for.
LABELS = (
    gettext_noop("Address of the shop"),
    gettext_noop("Such as https://shop.example.com"),
    gettext_noop("Path of the Admin API"),
    gettext_noop("As in the shop's configuration"),
    gettext_noop("Channel token"),
    gettext_noop("Only for shops with several channels"),
    gettext_noop("User name"),
    gettext_noop("Only if the shop takes no API keys"),
    gettext_noop("Decimals of the shop's amounts"),
    gettext_noop("2 unless changed"),
    gettext_noop("API key"),
    gettext_noop("Of an administrator who may read customers, orders and products"),
    gettext_noop("Password"),
    gettext_noop("Only together with the user name"),
    gettext_noop("Secret of the webhooks"),
    gettext_noop("Begins with whsec_; empty if there are none"),
    gettext_noop("Address of the API"),
    gettext_noop("Such as https://shop.example.com/api, with its admin API open."),
    gettext_noop("Path of the refunds"),
    gettext_noop(
        "admin/refunds/ with the view that the guide shows, for Oscar's API has none. Empty: no refunds."
    ),
    gettext_noop("Statuses of orders that are done"),
    gettext_noop("Separated by commas, as in OSCAR_ORDER_STATUS_PIPELINE."),
    gettext_noop("Statuses of orders that are off"),
    gettext_noop("Separated by commas."),
    gettext_noop("Statuses of orders that wait for money"),
    gettext_noop("Separated by commas; empty if orders are placed after the payment."),
    gettext_noop("A staff account that may view orders, products and users."),
    gettext_noop("https://your-shop.myshopify.com"),
    gettext_noop("API version"),
    gettext_noop("Shopify keeps each for a year."),
    gettext_noop("Client ID of the app"),
    gettext_noop("Of an app made in the developer dashboard; empty if you have an access token."),
    gettext_noop("Client secret of the app"),
    gettext_noop("Gets access tokens, and signs the webhooks; without it these are refused."),
    gettext_noop("Access token"),
    gettext_noop("Only of apps that were made in the shop's admin (shpat_…)."),
    gettext_noop("Such as https://shop.example.com, without /wp-json."),
    gettext_noop("Consumer key"),
    gettext_noop("WooCommerce, Settings, Advanced, REST API: read."),
    gettext_noop("Consumer secret"),
    gettext_noop("Shown once beside the consumer key."),
    gettext_noop("The same for all webhooks of this shop; leave it empty to pull on schedule only."),
)
#: Why a system could not be asked.
ERRORS = (
    gettext_noop("Shopify answered something else than an object."),
    gettext_noop("Shopify answered without a list. Check the API version."),
    gettext_noop("Shopify counts even one record as too much."),
    gettext_noop(
        "Shopify gave no token for the app's id and secret ({status}). Check both, and that the app is "
        "installed in the shop."
    ),
    gettext_noop("Shopify goes on being busy. The synchronisation goes on by itself later."),
    gettext_noop("Shopify has no stream {stream}."),
    gettext_noop("Shopify refused the question: {said}"),
    gettext_noop(
        "The app lacks a right: {said} Give it read_orders, read_customers, read_products and read_inventory."
    ),
    gettext_noop("The connector has no stream {stream}."),
    gettext_noop("The decimals of the shop's amounts are a number from 0 to 4."),
    gettext_noop("The shop answered something else than a list. Check its version."),
    gettext_noop(
        "The shop answered with a page instead of data. Check the address; it may be in maintenance."
    ),
    gettext_noop("The shop asks to wait for {seconds} seconds. The synchronisation goes on by itself then."),
    gettext_noop("The shop could not answer a question: {reason}. Its version may differ; tell us."),
    gettext_noop("The shop could not be reached. Check its address, and whether it is online."),
    gettext_noop("The shop did not answer in time. It is tried again later."),
    gettext_noop("The shop has no list at {path}. Check the address, and that its admin API is open."),
    gettext_noop("The shop is busy or has a fault ({status}). It is tried again later."),
    gettext_noop("The shop refused the credentials ({status}). Check them and their rights."),
    gettext_noop("The shop refused the question ({status}). Check its address and version."),
    gettext_noop("The shop's address is not one. Correct it."),
    gettext_noop("The shop's answer is larger than {limit} MB. Ask for fewer records a page."),
    gettext_noop("The shop's list changed while it was read. It is tried again later."),
    gettext_noop("There is no Admin API at this address. Write it as https://name.myshopify.com."),
    gettext_noop("There is no Admin API of Vendure at this address. Check address and path."),
    gettext_noop("WooCommerce has no stream {stream}."),
    gettext_noop("django-oscar has no stream {stream}."),
)
#: Why a record was put aside; ``{name}`` is the field at fault.
RECORDS = (
    gettext_noop("A line of the order has no “{name}”."),
    gettext_noop("The order has no lines and no total."),
    gettext_noop("The order has no lines and no total. Delete it in the shop."),
    gettext_noop("The order has no lines. Delete it in the shop if it is a test."),
    gettext_noop("The record has no “{name}” that ends in its number."),
    gettext_noop("The record has no “{name}”."),
    gettext_noop("The record has no “{name}” of Shopify's form."),
    gettext_noop("“{name}” is not a list of records."),
    gettext_noop("“{name}” is not a time. Correct it in the shop."),
    gettext_noop("“{name}” is not an amount. Correct it in the shop."),
)
