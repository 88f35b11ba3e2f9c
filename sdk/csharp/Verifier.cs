using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign
{
    /// <summary>For a customer's backend: checks that a request came from Countersign.</summary>
    public static class Verifier
    {
        /// <summary>Seconds that a request's time may lie from ours.</summary>
        public const int Tolerance = 300;

        private const string Signature = "X-HelpScout-Signature";
        private const string IssuedAt = "issued-at";
        private const string Malformed = "proof_malformed";
        private static readonly Encoding Latin1 = Encoding.GetEncoding("iso-8859-1");

        private static readonly string[] Ours =
        {
            "conversation-id", "conversation-number", "customer-id", "mailbox-id", "user-id", "installation-ids",
            "application-id", "application-slug", IssuedAt, "tier", "x-helpscout-signature",
        };

        /// <summary>Checks the Standard Webhooks headers over the raw body.</summary>
        /// <param name="secrets">as they are shown (whsec_…), several during a rotation</param>
        /// <param name="headers">name and value; a name with several values occurs several times</param>
        public static void VerifyWebhook(IEnumerable<string> secrets, IEnumerable<KeyValuePair<string, string>> headers, byte[] body, DateTimeOffset? now = null)
        {
            List<byte[]> keys = secrets.Select(WebhookKey).ToList();
            List<KeyValuePair<string, string>> all = headers.ToList();
            string id = One(all, "webhook-id");
            string stamp = One(all, "webhook-timestamp");
            string listed = One(all, "webhook-signature");
            long at = Seconds(stamp, "webhook-timestamp");
            if (!Regex.IsMatch(id, "\\A[\\x21-\\x2d\\x2f-\\x7e]{1,255}\\z"))
            {
                throw new RefusedException(Malformed, "webhook-id has a character that an id cannot have.");
            }
            List<byte[]> macs = Signatures(listed);
            byte[] signed = Bytes.Join(Bytes.Utf8(id + "." + stamp + "."), body);
            bool matched = false;
            foreach (byte[] key in keys)
            {
                byte[] want = Bytes.Sha256(key, signed);
                foreach (byte[] mac in macs)
                {
                    matched |= Bytes.Same(want, mac);
                }
            }
            if (!matched)
            {
                throw new RefusedException("proof_mismatch", "No signature belongs to this id, time, body and secret.");
            }
            Judge(at, now);
        }

        /// <summary>Checks the raw query of a frame's address (the text after ?) and answers with the signed parameters in
        /// their order; believe no others.</summary>
        /// <param name="own">the parameters that your app's own address has, which are not signed</param>
        public static IList<KeyValuePair<string, string>> VerifyQuery(IEnumerable<string> secrets, string query, IEnumerable<string> own = null, DateTimeOffset? now = null)
        {
            List<byte[]> keys = TextKeys(secrets);
            List<string> mine = (own ?? new string[0]).ToList();
            if (mine.Any(name => Array.IndexOf(Ours, name.ToLowerInvariant()) >= 0 || !Plain(name)))
            {
                throw new InputException("an own parameter has one of Countersign's names or an odd character");
            }
            List<KeyValuePair<string, byte[]>> all = Read(query).Where(p => !mine.Contains(p.Key)).ToList();
            byte[] sent = all.Where(p => p.Key == Signature).Select(p => p.Value).FirstOrDefault();
            if (sent == null || sent.Length == 0)
            {
                throw new RefusedException("proof_missing", "The address has no " + Signature + ".");
            }
            byte[] mac = Strict(Latin1.GetString(sent), 20, "The signature is not 20 bytes in base64.");
            List<KeyValuePair<string, string>> signed =
                all.Where(p => p.Key != Signature).Select(p => new KeyValuePair<string, string>(p.Key, Bytes.Text(p.Value))).ToList();
            string text = "{" + string.Join(",", signed.Select(p => Php(p.Key) + ":" + Php(p.Value))) + "}";
            if (!Any(keys, Bytes.Utf8(text), mac) || signed.Count == 0)
            {
                throw new RefusedException("proof_mismatch", "The signature does not belong to these parameters and this secret.");
            }
            foreach (KeyValuePair<string, string> param in signed.Where(p => p.Key == IssuedAt))
            {
                Judge(Seconds(param.Value, IssuedAt), now);
            }
            return signed;
        }

        /// <summary>Checks the header X-HelpScout-Signature over the raw body. It has no time, so a replay verifies: check
        /// VerifyWebhook too where its headers are there.</summary>
        public static void VerifyBody(IEnumerable<string> secrets, IEnumerable<KeyValuePair<string, string>> headers, byte[] body)
        {
            List<byte[]> keys = TextKeys(secrets);
            byte[] mac = Strict(One(headers, Signature), 20, "The signature is not 20 bytes in base64.");
            if (!Any(keys, body, mac))
            {
                throw new RefusedException("proof_mismatch", "The signature does not belong to this body and secret.");
            }
        }

        private static List<byte[]> TextKeys(IEnumerable<string> secrets)
        {
            return secrets.Select(secret => Signer.Key(secret, "helpscout")).ToList();
        }

        private static byte[] WebhookKey(string secret)
        {
            byte[] key = Bytes.Decode(secret.StartsWith("whsec_", StringComparison.Ordinal) ? secret.Substring(6) : secret);
            if (key.Length == 0)
            {
                throw new InputException("a webhook secret is whsec_ and base64");
            }
            return key;
        }

        private static byte[] Strict(string encoded, int size, string message)
        {
            byte[] data = Bytes.Decode(encoded);
            if (data.Length != size)
            {
                throw new RefusedException(Malformed, message);
            }
            return data;
        }

        private static bool Any(List<byte[]> keys, byte[] message, byte[] mac)
        {
            bool matched = false;
            foreach (byte[] key in keys)
            {
                matched |= Bytes.Same(Bytes.Sha1(key, message), mac);
            }
            return matched;
        }

        private static string One(IEnumerable<KeyValuePair<string, string>> headers, string name)
        {
            List<string> values = headers.Where(h => string.Equals(h.Key, name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).ToList();
            if (values.Count > 1)
            {
                throw new RefusedException(Malformed, name + " occurs more than once.");
            }
            if (values.Count == 0 || string.IsNullOrEmpty(values[0]))
            {
                throw new RefusedException("proof_missing", name + " is missing.");
            }
            return values[0];
        }

        private static List<byte[]> Signatures(string listed)
        {
            string[] items = listed.Split(' ');
            if (items.Length > 16)
            {
                throw new RefusedException(Malformed, "webhook-signature holds more than 16 signatures.");
            }
            List<byte[]> macs = items.Where(i => i.StartsWith("v1,", StringComparison.Ordinal))
                .Select(i => Strict(i.Substring(3), 32, "A v1 signature is not 32 bytes in base64.")).ToList();
            if (macs.Count == 0)
            {
                throw new RefusedException("proof_missing", "webhook-signature holds no v1 signature.");
            }
            return macs;
        }

        private static List<KeyValuePair<string, byte[]>> Read(string query)
        {
            var all = new List<KeyValuePair<string, byte[]>>();
            foreach (string pair in query.Split('&').Where(p => p != ""))
            {
                int at = pair.IndexOf('=');
                string name = Latin1.GetString(Unescape(at < 0 ? pair : pair.Substring(0, at)));
                byte[] value = Unescape(at < 0 ? "" : pair.Substring(at + 1));
                if (!Plain(name))
                {
                    throw new RefusedException(Malformed, "A parameter's name has an odd character.");
                }
                if (all.Any(p => p.Key == name))
                {
                    throw new RefusedException(Malformed, "A parameter occurs twice.");
                }
                all.Add(new KeyValuePair<string, byte[]>(name, value));
            }
            return all;
        }

        private static byte[] Unescape(string raw)
        {
            if (Regex.IsMatch(raw, "%(?![0-9a-fA-F]{2})"))
            {
                throw new RefusedException(Malformed, "The query is not percent-encoded properly.");
            }
            string bytes = Latin1.GetString(Encoding.UTF8.GetBytes(raw.Replace('+', ' ')));
            return Latin1.GetBytes(Regex.Replace(bytes, "%(..)", m => ((char)Bytes.Hex(m.Groups[1].Value)[0]).ToString()));
        }

        /// <summary>Letters, digits, _ and -, and not a number: PHP would read another name.</summary>
        private static bool Plain(string name)
        {
            return Regex.IsMatch(name, "\\A[A-Za-z0-9_-]+\\z") && Regex.IsMatch(name, "[A-Za-z_]");
        }

        /// <summary>What PHP's json_encode prints: / escaped, and everything outside ASCII.</summary>
        private static string Php(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (char c in text)
            {
                int at = "\"\\/\b\f\n\r\t".IndexOf(c);
                if (at >= 0)
                {
                    quoted.Append('\\').Append("\"\\/bfnrt"[at]);
                }
                else if (c < ' ' || c >= 0x80)
                {
                    quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                }
                else
                {
                    quoted.Append(c);
                }
            }
            return quoted.Append('"').ToString();
        }

        private static long Seconds(string text, string name)
        {
            if (!Regex.IsMatch(text, "\\A[1-9][0-9]{0,17}\\z"))
            {
                throw new RefusedException(Malformed, name + " is no time in seconds since 1970.");
            }
            return long.Parse(text, CultureInfo.InvariantCulture);
        }

        private static void Judge(long at, DateTimeOffset? now)
        {
            long moment = Signer.Seconds(now);
            if (moment - at > Tolerance)
            {
                throw new RefusedException("token_expired", "The request was signed too long ago.");
            }
            if (at - moment > Tolerance)
            {
                throw new RefusedException("token_early", "The request was signed in the future: a clock is wrong.");
            }
        }
    }
}
