// Follows the payments of an account: node follow.js HORIZON ACCOUNT COUNT. Prints each id as it comes.
import { Horizon } from "@stellar/stellar-sdk";

const [, , url, account, count] = process.argv;
const server = new Horizon.Server(url, { allowHttp: true });
let left = Number(count);

const close = server.payments().forAccount(account).cursor("0").stream({
  onmessage: ({ id }) => {
    console.log(id);
    left -= 1;
    if (left === 0) {
      close();
      process.exit(0);
    }
  },
});
