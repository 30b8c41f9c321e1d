// A real Vendure shop on SQLite, for one test session.  All it is told comes from the environment:
// SHOP_PORT, SHOP_FOLDER (database and assets), SHOP_WEBHOOK_URL and SHOP_WEBHOOK_SECRET.
"use strict";
const path = require("path");
const { createRequire } = require("module");

const need = createRequire(path.join(process.env.SHOP_MODULES, "package.json"));
const {
  bootstrap, DefaultLogger, LogLevel, dummyPaymentHandler,
} = need("@vendure/core");
const { webhooks } = require("./webhooks.js");

const folder = process.env.SHOP_FOLDER;
const config = {
  apiOptions: {
    port: Number(process.env.SHOP_PORT),
    hostname: "127.0.0.1",
    adminApiPath: "admin-api",
    shopApiPath: "shop-api",
    adminListQueryLimit: 1000,
  },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    superadminCredentials: { identifier: "superadmin", password: "superadmin" },
    cookieOptions: { secret: "only-for-tests" },
    requireVerification: false,
  },
  dbConnectionOptions: {
    type: "sqljs",
    autoSave: false,
    synchronize: true,
    logging: false,
  },
  importExportOptions: { importAssetsDir: folder },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  plugins: [webhooks(need, process.env.SHOP_WEBHOOK_URL, process.env.SHOP_WEBHOOK_SECRET)],
};

bootstrap(config).then((app) => {
  console.log("ready");
  process.on("SIGTERM", () => app.close().then(() => process.exit(0)));
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
