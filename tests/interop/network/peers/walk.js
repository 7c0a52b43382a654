// Walks through what a program does with the network, with the SDK alone: node walk.js HORIZON PASSPHRASE.
// Prints one JSON object with what it saw.
import {
  Asset, BASE_FEE, Claimant, Horizon, Keypair, Operation, TransactionBuilder,
} from "@stellar/stellar-sdk";

const [, , url, networkPassphrase] = process.argv;
const server = new Horizon.Server(url, { allowHttp: true });
const seen = {};

const [issuer, maker, taker] = [Keypair.random(), Keypair.random(), Keypair.random()];
for (const key of [issuer, maker, taker]) await server.friendbot(key.publicKey()).call();
seen.funded = (await server.loadAccount(taker.publicKey())).balances[0].balance;

async function build(key, ...operations) {
  const account = await server.loadAccount(key.publicKey());
  const timebounds = await server.fetchTimebounds(60);
  const builder = new TransactionBuilder(account, { fee: BASE_FEE, networkPassphrase, timebounds });
  operations.forEach((operation) => builder.addOperation(operation));
  const transaction = builder.build();
  transaction.sign(key);
  return transaction;
}

const send = async (key, ...operations) => server.submitTransaction(await build(key, ...operations));

const usd = new Asset("USD", issuer.publicKey());
const eur = new Asset("EUR", issuer.publicKey());
for (const key of [maker, taker]) {
  await send(key, Operation.changeTrust({ asset: usd }), Operation.changeTrust({ asset: eur }));
}
await send(
  issuer,
  Operation.payment({ destination: maker.publicKey(), asset: eur, amount: "100" }),
  Operation.payment({ destination: taker.publicKey(), asset: usd, amount: "100" }),
);
const made = await send(maker, Operation.manageSellOffer({ selling: eur, buying: usd, amount: "50", price: "2" }));
seen.offer = made.offerResults[0].currentOffer.amount;

const paths = await server.strictReceivePaths([usd], eur, "10").call();
seen.path = paths.records.map(({ source_amount, path }) => [source_amount, path.length]);
const paid = await send(taker, Operation.pathPaymentStrictReceive({
  sendAsset: usd, sendMax: "20", destination: taker.publicKey(), destAsset: eur, destAmount: "10", path: [],
}));
seen.paid = paid.successful;
const book = await server.orderbook(eur, usd).call();
seen.asks = book.asks.map(({ price, amount }) => [price, amount]);

const set = await send(taker, Operation.createClaimableBalance({
  asset: eur, amount: "4", claimants: [new Claimant(maker.publicKey(), Claimant.predicateUnconditional())],
}));
const balances = await server.claimableBalances().claimant(maker.publicKey()).call();
seen.claimable = balances.records.map(({ amount }) => amount);
await send(maker, Operation.claimClaimableBalance({ balanceId: balances.records[0].id }));
seen.claimed = (await server.claimableBalances().claimant(maker.publicKey()).call()).records.length;

const inner = await build(maker, Operation.bumpSequence({ bumpTo: "0" }));
const bump = TransactionBuilder.buildFeeBumpTransaction(taker, "500", inner, networkPassphrase);
bump.sign(taker);
const bumped = await server.submitTransaction(bump);
seen.bumped = [bumped.fee_account === taker.publicKey(), bumped.inner_transaction.hash === Buffer.from(inner.hash()).toString("hex")];

const pending = await server.submitAsyncTransaction(await build(taker, Operation.bumpSequence({ bumpTo: "0" })));
seen.async = pending.tx_status;
const applied = () => server.transactions().transaction(pending.hash).call().then(() => true, () => false);
while (!(await applied())) await new Promise((resolve) => setTimeout(resolve, 50));

try {
  await send(taker, Operation.payment({ destination: Keypair.random().publicKey(), asset: Asset.native(), amount: "1" }));
} catch (error) {
  seen.refused = error.response.data.extras.result_codes;
}

const effects = await server.effects().forTransaction(set.hash).call();
seen.effects = effects.records.map(({ type }) => type);
const operations = await server.operations().forAccount(taker.publicKey()).join("transactions").limit(1).call();
seen.joined = (await operations.records[0].transaction()).successful;
const next = await operations.next();
seen.next = next.records[0].type;

console.log(JSON.stringify(seen));
