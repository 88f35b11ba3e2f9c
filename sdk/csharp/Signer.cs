using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign
{
    /// <summary>For a customer's backend: proves to Countersign who is logged in there.</summary>
    public static class Signer
    {
        /// <summary>How long a JWT lives unless it is said, in seconds.</summary>
        public const int DefaultLife = 600;

        // dialect → what its keys may sign: u, the user id; e, the email
        private static readonly Dictionary<string, string> Hashes = new Dictionary<string, string>
        {
            { "native", "ue" }, { "intercom", "ue" }, { "helpscout", "e" }, { "pylon", "e" }, { "ensoras", "e" },
            { "chatwoot", "ue" }, { "crisp", "e" }, { "tawk", "ue" }, { "front", "e" }, { "plain", "e" }, { "gleap", "u" }, { "novu", "u" }, { "featurebase", "ue" },
        };
        // dialect → the claim that names the person
        private static readonly Dictionary<string, string> Tokens = new Dictionary<string, string>
        {
            { "native-jwt", "user_id" }, { "intercom-jwt", "user_id" }, { "pylon-jwt", "user_id" }, { "zendesk-jwt", "external_id" }, { "freshchat-jwt", "reference_id" },
        };
        private static readonly string[] Named = { "aud", "iat", "exp", "user_id", "email" };
        private static readonly DateTimeOffset Epoch = new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

        /// <summary>The identity hash, 64 hexadecimal digits, over the one field that the key signs.</summary>
        /// <param name="dialect">native, intercom, helpscout, pylon, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu or featurebase</param>
        public static string UserHash(string secret, Identity who, string dialect = "native")
        {
            string signs;
            if (!Hashes.TryGetValue(dialect, out signs))
            {
                throw new InputException("no such dialect with a hash");
            }
            byte[] key = Key(secret, dialect);
            if (who.User != "" && who.Mail != "")
            {
                throw new InputException("a hash covers one field: give the one that the key signs");
            }
            if (!signs.Contains(who.User != "" ? "u" : "e"))
            {
                throw new InputException("a key of " + dialect + " does not sign this field");
            }
            byte[] message = Bytes.Utf8(who.User + who.Mail);
            if (dialect == "ensoras")
            {
                LowerAscii(message);
            }
            return Bytes.Hex(Bytes.Sha256(key, message));
        }

        /// <summary>Languages disagree on lowering outside ASCII; the gate takes this.</summary>
        private static void LowerAscii(byte[] text)
        {
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] >= 'A' && text[i] <= 'Z')
                {
                    text[i] += 'a' - 'A';
                }
            }
        }

        /// <summary>A v1 token for a channel (its id or slug); it lives as long as the channel says.</summary>
        public static string TokenV1(string secret, string channel, Identity who, DateTimeOffset? now = null)
        {
            byte[] key = Key(secret, "native-v1");
            string issued = Time(now).ToString(CultureInfo.InvariantCulture);
            byte[] signed = { };
            foreach (string text in new[] { "countersign.v1", Channel(channel), who.User, who.Mail, issued })
            {
                byte[] bytes = Bytes.Utf8(text);
                signed = Bytes.Join(signed, Bytes.Utf8(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"), bytes, Bytes.Utf8(","));
            }
            return string.Join(".", "v1", Encode(channel), issued, Encode(who.User), Encode(who.Mail), Bytes.Encode(Bytes.Sha256(key, signed)));
        }

        /// <summary>A JSON Web Token, HS256. intercom-jwt may leave out the channel.</summary>
        /// <param name="dialect">native-jwt, intercom-jwt, pylon-jwt, zendesk-jwt or freshchat-jwt</param>
        /// <param name="life">seconds</param>
        /// <param name="claims">name and attributes: texts, numbers, booleans, nulls</param>
        public static string TokenJwt(string secret, string channel, Identity who, string dialect = "native-jwt", int life = DefaultLife,
            IDictionary<string, object> claims = null, DateTimeOffset? now = null)
        {
            string person;
            if (!Tokens.TryGetValue(dialect, out person))
            {
                throw new InputException("no such dialect with a JWT");
            }
            bool named = dialect == "native-jwt" || dialect == "pylon-jwt";
            bool scoped = dialect == "zendesk-jwt";
            byte[] key = Key(secret, dialect);
            if (life < 1 || (dialect == "pylon-jwt" && life > 900))
            {
                throw new InputException("a token lives a second or more, of pylon-jwt 900 at most");
            }
            if (!named && who.User == "")
            {
                throw new InputException("a token of " + dialect + " names the user id");
            }
            if (dialect == "pylon-jwt" && who.Mail == "")
            {
                throw new InputException("a token of pylon-jwt names the email");
            }
            long issued = Time(now);
            var said = new List<string> { "\"iat\":" + Json(issued), "\"exp\":" + Json(issued + life) };
            if (!string.IsNullOrEmpty(channel) || named)
            {
                said.Add("\"aud\":" + Json(Channel(channel)));
            }
            if (who.User != "")
            {
                said.Add(Json(person) + ":" + Json(who.User));
            }
            if (who.Mail != "")
            {
                said.Add("\"email\":" + Json(who.Mail));
            }
            if (scoped)
            {
                said.Add("\"scope\":\"user\"");
            }
            foreach (KeyValuePair<string, object> claim in claims ?? new Dictionary<string, object>())
            {
                if (Array.IndexOf(Named, claim.Key) >= 0 || claim.Key == person || (scoped && claim.Key == "scope"))
                {
                    throw new InputException("the claim " + claim.Key + " has an argument of its own");
                }
                said.Add(Json(claim.Key) + ":" + Json(claim.Value));
            }
            string signed = Encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + Encode("{" + string.Join(",", said) + "}");
            return signed + "." + Bytes.Encode(Bytes.Sha256(key, Bytes.Utf8(signed)));
        }

        private static string Encode(string text)
        {
            return Bytes.Encode(Bytes.Utf8(text));
        }

        internal static byte[] Key(string secret, string dialect)
        {
            if (string.IsNullOrEmpty(secret))
            {
                throw new InputException("the secret is empty");
            }
            if (dialect != "pylon")
            {
                return Bytes.Utf8(secret);
            }
            if (!Regex.IsMatch(secret, "\\A([0-9a-fA-F]{2})+\\z"))
            {
                throw new InputException("this dialect's secret is hexadecimal");
            }
            return Bytes.Hex(secret);
        }

        private static string Channel(string channel)
        {
            if (string.IsNullOrEmpty(channel))
            {
                throw new InputException("a token names its channel");
            }
            return channel;
        }

        internal static long Seconds(DateTimeOffset? now)
        {
            return (long)Math.Floor(((now ?? DateTimeOffset.UtcNow) - Epoch).TotalSeconds);
        }

        private static long Time(DateTimeOffset? now)
        {
            long at = Seconds(now);
            if (at < 1)
            {
                throw new InputException("a time lies after 1970");
            }
            return at;
        }

        private static string Json(object value)
        {
            if (value == null)
            {
                return "null";
            }
            if (value is bool)
            {
                return (bool)value ? "true" : "false";
            }
            if (value is int || value is long || value is decimal)
            {
                return ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture);
            }
            if (value is double && !double.IsNaN((double)value) && !double.IsInfinity((double)value))
            {
                return ((double)value).ToString("R", CultureInfo.InvariantCulture);
            }
            var text = value as string;
            if (text == null)
            {
                throw new InputException("a claim is a text, a number, a boolean or null");
            }
            var quoted = new StringBuilder("\"");
            foreach (char c in text)
            {
                if (c == '"' || c == '\\' || c < ' ')
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
    }
}
