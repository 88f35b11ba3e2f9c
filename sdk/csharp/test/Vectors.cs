using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace Countersign.Test
{
    using Members = Dictionary<string, object>;

    /// <summary>Runs spec/vectors and sdk/testdata/cases.json; prints each proof for the gate to judge. An unknown field is
    /// fatal: a vector that a reader does not understand tests nothing.</summary>
    internal static class Vectors
    {
        private static readonly DateTimeOffset Epoch = new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
        private static int done;

        private static void Main()
        {
            Hashes("published");
            Hashes("hash");
            V1();
            Jwt();
            Scalars();
            Requests();
            Cases();
            Console.WriteLine("checked " + done);
        }

        private static Members Read(string path, string fields)
        {
            var data = (Members)Json.Read(File.ReadAllText("../../" + path, Encoding.UTF8));
            Known(data, fields);
            return data;
        }

        private static IEnumerable<Members> Part(Members data, string part, string fields)
        {
            List<Members> vectors = ((List<object>)data[part]).Cast<Members>().ToList();
            vectors.ForEach(v => Known(v, fields));
            return vectors;
        }

        private static void Known(object value, string names)
        {
            foreach (string name in ((Members)value).Keys)
            {
                if (!names.Split(' ').Contains(name))
                {
                    throw new FormatException("unknown field " + name);
                }
            }
        }

        private static object Get(Members members, string name)
        {
            object value;
            return members.TryGetValue(name, out value) ? value : null;
        }

        private static string Text(Members members, string name)
        {
            return (string)Get(members, name);
        }

        private static void Same(object got, object want, object what)
        {
            done++;
            if (!Equals(got, want))
            {
                throw new Exception(what + ": " + got + ", wanted " + want);
            }
        }

        private static T Refused<T>(Action run, object what) where T : Exception
        {
            done++;
            try
            {
                run();
            }
            catch (T e)
            {
                return e;
            }
            throw new Exception(what + ": not refused");
        }

        private static IEnumerable<Members> Proofs(string name)
        {
            foreach (Members v in Part(Read("spec/vectors/" + name + ".json", "about vectors"), "vectors", "name note keys assertion now expect"))
            {
                Known(v["assertion"], "dialect platform user_id email name hash jwt attributes");
                Known(v["expect"], "verified method key email name attributes reason");
                foreach (object k in (List<object>)v["keys"])
                {
                    Known(k, "id dialect secret secret_base64 signs platforms audiences max_life state ends sign_by");
                }
                yield return v;
            }
        }

        private static Members FirstKey(Members v)
        {
            return (Members)((List<object>)v["keys"])[0];
        }

        private static byte[] Unpack(string part)
        {
            return Convert.FromBase64String(part.Replace('-', '+').Replace('_', '/') + new string('=', (4 - part.Length % 4) % 4));
        }

        private static string UnpackText(string part)
        {
            return Encoding.UTF8.GetString(Unpack(part));
        }

        private static Identity Who(object userId, object email)
        {
            if (userId is long)
            {
                Identity who = Identity.UserId((long)userId);
                return email == null ? who : who.WithEmail((string)email);
            }
            if (email == null)
            {
                return Identity.UserId((string)userId);
            }
            return string.IsNullOrEmpty((string)userId) ? Identity.Email((string)email) : Identity.UserId((string)userId).WithEmail((string)email);
        }

        private static void Hashes(string file)
        {
            foreach (Members v in Proofs(file))
            {
                Members key = FirstKey(v);
                var a = (Members)v["assertion"];
                var expect = (Members)v["expect"];
                string secret = Text(key, "secret"), dialect = Text(key, "dialect"), name = Text(v, "name"), reason = Text(expect, "reason");
                if (secret == null || a.ContainsKey("jwt") || dialect.Contains("-"))
                {
                    continue;
                }
                string field = reason == null ? Text(expect, "verified").Split(':')[0] : Text(key, "signs") == "either" ? "user_id" : Text(key, "signs");
                object value = Get(a, field);
                if (value != null && !(value is string) && !(value is long && field == "user_id"))
                {
                    continue; // no program in this language could hold it as that field
                }
                Func<string> sign = () => Signer.UserHash(secret, field == "email" ? Identity.Email((string)value) : Who(value, null), dialect);
                if (reason == "identifier_malformed" || reason == "identifier_missing")
                {
                    Refused<InputException>(() => sign(), name);
                }
                else if (reason == "proof_mismatch")
                {
                    Same(sign() == Text(a, "hash").ToLowerInvariant(), false, name);
                }
                else if (reason == null && !name.StartsWith("ensoras lowered by") && !name.StartsWith("ensoras dotted"))
                {
                    // Those are other lowerings, which the gate takes too.
                    string sent = Text(a, "hash").Replace("-", "");
                    Same(sign(), sent.Length == 64 ? sent.ToLowerInvariant() : Bytes.Hex(Convert.FromBase64String(sent)), name);
                }
            }
        }

        private static DateTimeOffset At(long seconds)
        {
            return Epoch.AddSeconds(seconds);
        }

        private static DateTimeOffset At(Members v)
        {
            return DateTimeOffset.Parse(Text(v, "now"), CultureInfo.InvariantCulture);
        }

        private static void V1()
        {
            foreach (Members v in Proofs("v1").Where(v => ((Members)v["expect"]).ContainsKey("verified")))
            {
                string token = Text((Members)v["assertion"], "jwt");
                string[] p = token.Split('.');
                Identity who = Who(UnpackText(p[3]), p[4] == "" ? null : UnpackText(p[4]));
                Same(Signer.TokenV1(Text(FirstKey(v), "secret"), UnpackText(p[1]), who, At(long.Parse(p[2], CultureInfo.InvariantCulture))), token, v["name"]);
            }
        }

        private static void Jwt()
        {
            foreach (Members v in Proofs("jwt").Where(v => ((Members)v["expect"]).ContainsKey("verified") && FirstKey(v).ContainsKey("secret")))
            {
                var claims = (Members)Json.Read(UnpackText(Text((Members)v["assertion"], "jwt").Split('.')[1]));
                if (Get(claims, "aud") is List<object> || !(Get(claims, "exp") is long) || claims.Values.Any(c => c is List<object> || c is Members))
                {
                    continue; // the library makes no such token
                }
                Members rest = claims.Where(c => !new[] { "aud", "iat", "exp", "user_id", "email" }.Contains(c.Key)).ToDictionary(c => c.Key, c => c.Value);
                var iat = (long)claims["iat"];
                string secret = Text(FirstKey(v), "secret");
                string made = Signer.TokenJwt(secret, Text(claims, "aud"), Who(Get(claims, "user_id"), Get(claims, "email")), Text(FirstKey(v), "dialect"),
                    (int)((long)claims["exp"] - iat), rest, At(iat));
                string[] parts = made.Split('.');
                var got = (Members)Json.Read(UnpackText(parts[1]));
                Same(got.Count, claims.Count, v["name"]);
                foreach (KeyValuePair<string, object> claim in got)
                {
                    object want = claims[claim.Key];
                    Same(claim.Value, claim.Key == "user_id" && want is long ? want.ToString() : want, v["name"]);
                }
                Same(Bytes.Hex(Unpack(parts[2])), Bytes.Hex(Bytes.Sha256(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(parts[0] + "." + parts[1]))), v["name"]);
            }
        }

        private static void Scalars()
        {
            foreach (Members v in Part(Read("spec/vectors/scalar.json", "about vectors"), "vectors", "json text ok note"))
            {
                object value = v["json"];
                if (value != null && !(value is string) && !(value is long))
                {
                    continue; // no program in this language could hold it as a user id
                }
                Func<string> sign = () => Signer.UserHash("s", Who(value, null));
                if ((bool)v["ok"] && Text(v, "text") != "")
                {
                    Same(sign(), Signer.UserHash("s", Identity.UserId(Text(v, "text"))), value);
                }
                else
                {
                    Refused<InputException>(() => sign(), value);
                }
            }
            foreach (Members v in Part(Read("spec/vectors/fold.json", "about vectors"), "vectors", "in out valid_email note"))
            {
                Func<string> sign = () => Signer.UserHash("s", Identity.Email(Text(v, "in")));
                if ((bool)v["valid_email"])
                {
                    Same(sign().Length, 64, v["in"]);
                }
                else
                {
                    Refused<InputException>(() => sign(), v["in"]);
                }
            }
        }

        private static string After(string url)
        {
            return url.Split(new[] { '?' }, 2)[1];
        }

        private static IEnumerable<string> Own(Members v)
        {
            return ((List<object>)Get(v, "own") ?? new List<object>()).Cast<string>();
        }

        private static IEnumerable<KeyValuePair<string, string>> Header(string name, string value)
        {
            return new[] { new KeyValuePair<string, string>(name, value) };
        }

        private static void Requests()
        {
            Members data = Read("spec/vectors/requests.json", "about query query_refused body webhook hmac_sha1");
            foreach (Members v in Part(data, "query", "name secret url own json signature signed_url"))
            {
                var got = Verifier.VerifyQuery(new[] { "another", Text(v, "secret") }, After(Text(v, "signed_url")), Own(v), At(1772366400));
                var want = (Members)Json.Read(Text(v, "json"));
                Same(string.Join("&", got.Select(p => p.Key + "=" + p.Value)), string.Join("&", want.Select(p => p.Key + "=" + p.Value)), v["name"]);
            }
            foreach (Members v in Part(data, "query_refused", "name secret url own now reason"))
            {
                var e = Refused<RefusedException>(() => Verifier.VerifyQuery(new[] { Text(v, "secret") }, After(Text(v, "url")), Own(v), At(v)), v["name"]);
                Same(e.Reason, v["reason"], v["name"]);
            }
            foreach (Members v in Part(data, "body", "name secret body signature"))
            {
                var headers = Header("x-helpscout-signature", Text(v, "signature"));
                Verifier.VerifyBody(new[] { "another", Text(v, "secret") }, headers, Encoding.UTF8.GetBytes(Text(v, "body")));
                var e = Refused<RefusedException>(() => Verifier.VerifyBody(new[] { Text(v, "secret") }, headers, Encoding.UTF8.GetBytes(Text(v, "body") + " ")), v["name"]);
                Same(e.Reason, "proof_mismatch", v["name"]);
            }
            foreach (Members v in Part(data, "webhook", "name secrets headers body now reason"))
            {
                var headers = ((List<object>)v["headers"]).Cast<List<object>>().Select(h => new KeyValuePair<string, string>((string)h[0], (string)h[1]));
                Action verify = () => Verifier.VerifyWebhook(((List<object>)v["secrets"]).Cast<string>(), headers, Encoding.UTF8.GetBytes(Text(v, "body")), At(v));
                if (v.ContainsKey("reason"))
                {
                    Same(Refused<RefusedException>(verify, v["name"]).Reason, v["reason"], v["name"]);
                }
                else
                {
                    verify();
                    done++;
                }
            }
            foreach (Members v in Part(data, "hmac_sha1", "name key data mac"))
            {
                Same(Bytes.Hex(Bytes.Sha1(Bytes.Hex(Text(v, "key")), Bytes.Hex(Text(v, "data")))), v["mac"], v["name"]);
            }
            Refused<InputException>(() => Verifier.VerifyBody(new[] { "" }, Header("a", "b"), new byte[0]), "an empty secret");
            Refused<InputException>(() => Verifier.VerifyWebhook(new[] { "whsec_" }, Header("a", "b"), new byte[0]), "an empty webhook secret");
            Refused<InputException>(() => Verifier.VerifyQuery(new[] { "s" }, "", new[] { "Tier" }), "a name of ours");
        }

        private static void Cases()
        {
            int i = 0;
            foreach (Members c in Part(Read("sdk/testdata/cases.json", "about cases"), "cases", "name make dialect secret channel user_id email now life claims error"))
            {
                if (c.ContainsKey("error"))
                {
                    Refused<InputException>(() => Sign(c), c["name"]);
                }
                else
                {
                    Console.WriteLine("proof " + i + " " + Sign(c));
                }
                i++;
            }
        }

        private static string Sign(Members c)
        {
            string secret = Text(c, "secret");
            Identity who = Who(Get(c, "user_id"), Get(c, "email"));
            DateTimeOffset now = At((long)(Get(c, "now") ?? 1L));
            switch (Text(c, "make"))
            {
                case "hash":
                    return Signer.UserHash(secret, who, Text(c, "dialect"));
                case "v1":
                    return Signer.TokenV1(secret, Text(c, "channel"), who, now);
                default:
                    return Signer.TokenJwt(secret, Text(c, "channel"), who, Text(c, "dialect"), (int)(long)(Get(c, "life") ?? 600L), (Members)Get(c, "claims"), now);
            }
        }
    }
}
