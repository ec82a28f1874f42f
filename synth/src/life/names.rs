//! Names of people and streets. Given names are common in the United States by time of birth (Social
//! Security Administration, public domain) or usual in the language; family names are common ones of
//! the 2010 census list or of the language. Streets are made up.

use crate::person::{Race, Sex};
use crate::random::Random;

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// English, and the other European names common in the United States.
    English,
    /// African American.
    AfricanAmerican,
    /// Spanish.
    Spanish,
    /// Chinese.
    Chinese,
    /// Vietnamese.
    Vietnamese,
    /// Korean.
    Korean,
    /// Indian.
    Indian,
    /// Filipino.
    Filipino,
    /// American Indian.
    Native,
    /// Polynesian.
    Pacific,
    /// Arabic.
    Arabic,
}

/// Women's names most given before 1955.
#[rustfmt::skip]
const FEMALE_EARLY: &[&str] = &[
    "Mary", "Dorothy", "Betty", "Barbara", "Shirley", "Patricia", "Margaret", "Helen", "Ruth",
    "Joan", "Carol", "Nancy", "Virginia", "Frances", "Doris", "Marilyn", "Jean", "Evelyn",
    "Alice", "Martha", "Beverly", "Gloria", "Joyce", "Judith", "Lois", "Norma", "Phyllis",
    "Marjorie", "Ruby", "Irene", "Eleanor", "June", "Janet", "Sandra", "Rose", "Bonnie", "Peggy",
    "Elaine", "Arlene", "Geraldine",
];
/// Men's names most given before 1955.
#[rustfmt::skip]
const MALE_EARLY: &[&str] = &[
    "James", "Robert", "John", "William", "Richard", "Charles", "Donald", "George", "Thomas",
    "Joseph", "David", "Edward", "Ronald", "Paul", "Kenneth", "Frank", "Raymond", "Jack",
    "Harold", "Billy", "Gerald", "Walter", "Jerry", "Eugene", "Henry", "Ralph", "Carl", "Albert",
    "Willie", "Arthur", "Lawrence", "Roy", "Howard", "Norman", "Fred", "Earl", "Clarence",
    "Leonard", "Melvin", "Marvin",
];
/// Women's names most given from 1955 to 1989.
#[rustfmt::skip]
const FEMALE_MIDDLE: &[&str] = &[
    "Lisa", "Jennifer", "Susan", "Karen", "Linda", "Kimberly", "Michelle", "Deborah", "Donna",
    "Cynthia", "Angela", "Melissa", "Amy", "Laura", "Pamela", "Tammy", "Julie", "Stephanie",
    "Heather", "Elizabeth", "Jessica", "Amanda", "Sarah", "Nicole", "Christina", "Rebecca",
    "Kelly", "Teresa", "Lori", "Dawn", "Rachel", "Crystal", "Denise", "Tracy", "Wendy", "Tina",
    "Brenda", "Diane", "Andrea", "Erin",
];
/// Men's names most given from 1955 to 1989.
#[rustfmt::skip]
const MALE_MIDDLE: &[&str] = &[
    "Michael", "Christopher", "David", "John", "James", "Robert", "Matthew", "Mark", "Steven",
    "Brian", "Jeffrey", "Scott", "Timothy", "Kevin", "Eric", "Jason", "Joshua", "Daniel",
    "Gregory", "Stephen", "Andrew", "Ryan", "Todd", "Patrick", "Keith", "Craig", "Chad",
    "Douglas", "Adam", "Peter", "Sean", "Dennis", "Jeremy", "Justin", "Brandon", "Shawn",
    "Bradley", "Gary", "Randy", "Aaron",
];
/// Girls' names most given from 1990 on.
#[rustfmt::skip]
const FEMALE_LATE: &[&str] = &[
    "Emma", "Olivia", "Ava", "Sophia", "Isabella", "Emily", "Madison", "Abigail", "Mia", "Hannah",
    "Charlotte", "Amelia", "Harper", "Evelyn", "Ella", "Grace", "Chloe", "Natalie", "Lily", "Zoe",
    "Ashley", "Samantha", "Alexis", "Taylor", "Megan", "Lauren", "Kayla", "Brianna", "Alyssa",
    "Victoria", "Hazel", "Nora", "Aubrey", "Addison", "Scarlett", "Penelope", "Layla", "Riley",
    "Savannah", "Paige",
];
/// Boys' names most given from 1990 on.
#[rustfmt::skip]
const MALE_LATE: &[&str] = &[
    "Liam", "Noah", "Mason", "Ethan", "Jacob", "Logan", "Lucas", "Jackson", "Aiden", "Elijah",
    "Oliver", "Benjamin", "Henry", "Alexander", "Owen", "Caleb", "Hunter", "Tyler", "Austin",
    "Dylan", "Zachary", "Nathan", "Cameron", "Connor", "Evan", "Gavin", "Wyatt", "Carter", "Levi",
    "Isaac", "Nicholas", "Samuel", "Luke", "Cole", "Jordan", "Trevor", "Parker", "Hudson",
    "Theodore", "Asher",
];

#[rustfmt::skip]
const FEMALE_AFRICAN_AMERICAN: &[&str] = &[
    "Ebony", "Keisha", "Latoya", "Tamika", "Aaliyah", "Imani", "Jada", "Kiara", "Nia", "Precious",
    "Shanice", "Tanisha", "Yolanda", "Latasha", "Monique", "Raven", "Destiny", "Tiara", "Zaria",
    "Kenya",
];
#[rustfmt::skip]
const MALE_AFRICAN_AMERICAN: &[&str] = &[
    "Darnell", "DeAndre", "Jamal", "Terrell", "Tyrone", "Marquis", "Malik", "Darius", "Jalen",
    "Lamar", "Reginald", "Cedric", "Demetrius", "Andre", "Kareem", "Tyrell", "Jermaine", "Xavier",
    "Isaiah", "Kendrick",
];
#[rustfmt::skip]
const FEMALE_SPANISH: &[&str] = &[
    "María", "Guadalupe", "Juana", "Rosa", "Carmen", "Ana", "Lucía", "Sofía", "Camila",
    "Valentina", "Ximena", "Gabriela", "Alejandra", "Daniela", "Esperanza", "Marisol", "Leticia",
    "Yesenia", "Verónica", "Elena", "Isabel", "Paola", "Adriana", "Mariana", "Luz", "Silvia",
];
#[rustfmt::skip]
const MALE_SPANISH: &[&str] = &[
    "José", "Juan", "Luis", "Carlos", "Jesús", "Miguel", "Jorge", "Francisco", "Alejandro",
    "Manuel", "Ricardo", "Fernando", "Javier", "Rafael", "Pedro", "Eduardo", "Mateo", "Santiago",
    "Diego", "Sebastián", "Héctor", "Raúl", "Ramón", "Sergio", "Emilio", "Andrés",
];
const FEMALE_CHINESE: &[&str] = &[
    "Mei", "Li", "Xiu", "Ying", "Fang", "Yan", "Jing", "Hui", "Na", "Lan", "Xin", "Qing", "Yue",
    "Wen",
];
const MALE_CHINESE: &[&str] = &[
    "Wei", "Jun", "Ming", "Jian", "Hao", "Bo", "Feng", "Lei", "Tao", "Qiang", "Gang", "Yong",
    "Cheng", "Kai",
];
const FEMALE_VIETNAMESE: &[&str] = &[
    "Linh", "Huong", "Lan", "Mai", "Thuy", "Trang", "Nga", "Hoa", "Phuong", "Thao", "Kim", "Tuyet",
];
const MALE_VIETNAMESE: &[&str] = &[
    "Minh", "Hung", "Tuan", "Dung", "Thanh", "Duc", "Long", "Quang", "Hieu", "Khoa", "Son", "Vinh",
];
const FEMALE_KOREAN: &[&str] = &[
    "Ji-woo", "Seo-yeon", "Min-ji", "Soo-jin", "Eun-ji", "Hye-jin", "Yuna", "Ji-min", "Mi-kyung",
    "Sun-hee",
];
const MALE_KOREAN: &[&str] = &[
    "Min-jun",
    "Ji-hoon",
    "Seung-ho",
    "Hyun-woo",
    "Sung-min",
    "Dong-hyun",
    "Joon",
    "Tae-yang",
    "Young-ho",
    "Jin-soo",
];
const FEMALE_INDIAN: &[&str] = &[
    "Priya", "Anjali", "Lakshmi", "Sunita", "Kavita", "Deepa", "Meera", "Asha", "Neha", "Pooja",
    "Divya", "Shreya", "Anika", "Riya",
];
const MALE_INDIAN: &[&str] = &[
    "Raj", "Amit", "Sanjay", "Rahul", "Vijay", "Arjun", "Suresh", "Anil", "Rohan", "Vikram",
    "Ravi", "Arun", "Dev", "Nikhil",
];
const FEMALE_FILIPINO: &[&str] = &[
    "Maricel", "Rowena", "Jocelyn", "Cristina", "Maribel", "Analyn", "Lourdes", "Corazon", "Liza",
    "Grace",
];
const MALE_FILIPINO: &[&str] = &[
    "Jomar", "Rodel", "Reynaldo", "Rommel", "Ernesto", "Danilo", "Rizal", "Benigno", "Arnel",
    "Jericho",
];
const FEMALE_NATIVE: &[&str] = &[
    "Winona", "Dakota", "Cheyenne", "Aiyana", "Kaya", "Nizhoni", "Tallulah", "Shania", "Sequoia",
    "Leotie",
];
const MALE_NATIVE: &[&str] =
    &["Dakota", "Cody", "Takoda", "Elan", "Chayton", "Ahanu", "Hok'ee", "Tate", "Wyatt", "Koda"];
const FEMALE_PACIFIC: &[&str] =
    &["Leilani", "Kalani", "Malia", "Sina", "Lani", "Moana", "Noelani", "Mele", "Talia", "Losa"];
const MALE_PACIFIC: &[&str] =
    &["Keanu", "Kai", "Sione", "Tavita", "Makoa", "Ikaika", "Semisi", "Tevita", "Nalu", "Kaleo"];
const FEMALE_ARABIC: &[&str] = &[
    "Fatima", "Aisha", "Layla", "Noor", "Mariam", "Zainab", "Yasmin", "Hana", "Amira", "Rania",
    "Salma", "Huda",
];
const MALE_ARABIC: &[&str] = &[
    "Mohammed", "Ahmed", "Ali", "Omar", "Yusuf", "Hassan", "Ibrahim", "Khalid", "Mustafa", "Tariq",
    "Samir", "Bilal",
];

#[rustfmt::skip]
const FAMILY_ENGLISH: &[&str] = &[
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Miller", "Davis", "Wilson", "Anderson",
    "Taylor", "Thomas", "Moore", "Martin", "Jackson", "Thompson", "White", "Lee", "Harris",
    "Clark", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Hill",
    "Green", "Adams", "Nelson", "Baker", "Hall", "Campbell", "Mitchell", "Carter", "Roberts",
    "Phillips", "Evans", "Turner", "Parker", "Collins", "Edwards", "Stewart", "Morris", "Murphy",
    "Cook", "Rogers", "Morgan", "Cooper", "Peterson", "Reed", "Bailey", "Bell", "Kelly", "Howard",
    "Ward", "Cox", "Richardson", "Wood", "Watson", "Brooks", "Bennett", "Gray", "James", "Hughes",
    "Price", "Myers", "Long", "Foster", "Sanders", "Ross", "Powell", "Sullivan", "Russell",
    "Jenkins", "Perry", "Butler", "Barnes", "Fisher", "Henderson", "Cole", "West", "Jordan",
    "Reynolds", "Hamilton", "Graham", "Wallace", "Woods", "Kennedy", "Wells", "Burns", "Ford",
    "Marshall", "Owens", "McDonald", "Harrison", "Palmer", "Mills", "Nichols", "Grant", "Knight",
    "Ferguson", "Stone", "Dunn", "Perkins", "Hudson", "Spencer", "Gardner", "Payne", "Pierce",
    "Berry", "Matthews", "Arnold", "Wagner", "Willis", "Watkins", "Olson", "Carroll", "Duncan",
    "Snyder", "Hart", "Cunningham", "Lane", "Riley", "Schmidt", "Schultz", "Meyer", "Weber",
    "Schneider", "Becker", "Hoffman", "Klein", "Keller", "Hansen", "Larson", "Jensen", "Carlson",
    "Swanson", "Lindgren", "Kowalski", "Nowak", "Novak", "Rossi", "Russo", "Romano", "Esposito",
    "O'Brien", "O'Connor", "Fitzgerald", "Gallagher", "Callahan", "Dubois", "Leblanc", "Fontaine",
    "Cohen", "Goldberg", "Kaplan", "Papadakis", "Petrov", "Ivanov", "Horvath", "Bauer", "Fischer",
    "Zimmerman", "Hartmann", "Whitaker", "Ashby", "Lockwood", "Hollis", "Thornton", "Winslow",
];
#[rustfmt::skip]
const FAMILY_AFRICAN_AMERICAN: &[&str] = &[
    "Washington", "Jefferson", "Booker", "Banks", "Jackson", "Williams", "Robinson", "Harris",
    "Coleman", "Simmons", "Bryant", "Alexander", "Griffin", "Hayes", "Gibson", "Freeman",
    "Mosley", "Dorsey", "Franklin", "Tillman", "Gaines", "Bolden", "Rivers", "Sharpe", "Hampton",
    "Mays", "Battle", "Pettway",
];
#[rustfmt::skip]
const FAMILY_SPANISH: &[&str] = &[
    "García", "Rodríguez", "Martínez", "Hernández", "López", "González", "Pérez", "Sánchez",
    "Ramírez", "Torres", "Flores", "Rivera", "Gómez", "Díaz", "Reyes", "Morales", "Cruz", "Ortiz",
    "Gutiérrez", "Chávez", "Ramos", "Ruiz", "Álvarez", "Mendoza", "Vásquez", "Castillo",
    "Jiménez", "Moreno", "Romero", "Herrera", "Medina", "Aguilar", "Vargas", "Guzmán", "Méndez",
    "Muñoz", "Salazar", "Garza", "Soto", "Delgado", "Peña", "Ríos", "Rojas", "Navarro", "Acosta",
    "Cabrera", "Figueroa", "Maldonado", "Ochoa", "Villarreal",
];
#[rustfmt::skip]
const FAMILY_CHINESE: &[&str] = &[
    "Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Huang", "Zhao", "Wu", "Zhou", "Xu", "Sun",
    "Ma", "Lin", "Chan", "Wong", "Leung", "Cheung", "Tang", "Ho",
];
#[rustfmt::skip]
const FAMILY_VIETNAMESE: &[&str] = &[
    "Nguyen", "Tran", "Le", "Pham", "Huynh", "Hoang", "Phan", "Vu", "Vo", "Dang", "Bui", "Do",
    "Ngo", "Duong", "Ly",
];
const FAMILY_KOREAN: &[&str] = &[
    "Kim", "Lee", "Park", "Choi", "Jung", "Kang", "Cho", "Yoon", "Jang", "Lim", "Han", "Shin",
    "Seo", "Kwon",
];
#[rustfmt::skip]
const FAMILY_INDIAN: &[&str] = &[
    "Patel", "Singh", "Shah", "Sharma", "Gupta", "Kumar", "Reddy", "Rao", "Desai", "Mehta",
    "Iyer", "Nair", "Joshi", "Kapoor", "Banerjee", "Chatterjee", "Kaur", "Menon",
];
const FAMILY_FILIPINO: &[&str] = &[
    "Santos",
    "Bautista",
    "Villanueva",
    "Dela Cruz",
    "Manalo",
    "Pascual",
    "Aquino",
    "Salonga",
    "Macaraeg",
    "Tolentino",
    "Dimaculangan",
    "Magsaysay",
];
#[rustfmt::skip]
const FAMILY_NATIVE: &[&str] = &[
    "Begay", "Yazzie", "Benally", "Tsosie", "Nez", "Begaye", "Etsitty", "Locklear", "Oxendine",
    "Lowery", "Two Bulls", "Red Elk", "White Horse", "Runningwater", "Blackbird", "Littlefeather",
    "Chee", "Manygoats",
];
const FAMILY_PACIFIC: &[&str] = &[
    "Kahale",
    "Kealoha",
    "Kekoa",
    "Tupou",
    "Faleolo",
    "Tuiasosopo",
    "Mahoe",
    "Akana",
    "Fonoti",
    "Taufa",
    "Leota",
    "Nakoa",
];
#[rustfmt::skip]
const FAMILY_ARABIC: &[&str] = &[
    "Haddad", "Khoury", "Nasser", "Saleh", "Mansour", "Hussein", "Hamdan", "Najjar", "Darwish",
    "Aziz", "Farah", "Karam", "Rahman", "Qasim", "Shaheen",
];

#[rustfmt::skip]
const STREETS: &[&str] = &[
    "Alder Hollow", "Amberfield", "Birchgate", "Blackthorn", "Bluestem", "Brackenridge",
    "Cedar Fork", "Chestnut Rise", "Clearbrook", "Copper Kettle", "Cranberry Bog", "Dovecote",
    "Elderberry", "Fallowfield", "Fernbank", "Foxglove", "Goldfinch", "Granary", "Hawksbeard",
    "Hazelwood", "Heron Point", "Hickory Knoll", "Juniper Bend", "Kestrel", "Lanternlight",
    "Larkspur", "Linden Hill", "Longmeadow", "Maple Crossing", "Meadowlark", "Millrace",
    "Mossy Stone", "Nettle Creek", "Oak Barren", "Orchard Gate", "Otter Run", "Partridge",
    "Pebblebrook", "Pinewarbler", "Quarry Pond", "Redbud", "Rosehip", "Saltmarsh", "Sandpiper",
    "Sorrel", "Spruce Hollow", "Stonecrop", "Sugarbush", "Sweetfern", "Tamarack", "Thistledown",
    "Turnstone", "Walnut Spring", "Waterwheel", "Whippoorwill", "Wild Plum", "Willowbend",
    "Windrow", "Winterberry", "Yarrow",
];
const STREET_KINDS: &[&str] = &[
    "Street", "Street", "Street", "Road", "Road", "Avenue", "Avenue", "Lane", "Drive", "Court",
    "Way",
];

/// Where the names of such a person come from.
pub fn origin(random: &mut Random, race: Race, hispanic: bool) -> Origin {
    if hispanic {
        return if random.chance(0.93) { Origin::Spanish } else { Origin::English };
    }
    match race {
        Race::Black => Origin::AfricanAmerican,
        // Shares of Asian Americans by origin, Census 2020, those outside the five largest groups
        // shared out.
        Race::Asian => {
            const GROUPS: [(Origin, f64); 5] = [
                (Origin::Chinese, 0.27),
                (Origin::Indian, 0.26),
                (Origin::Filipino, 0.21),
                (Origin::Vietnamese, 0.15),
                (Origin::Korean, 0.11),
            ];
            GROUPS[random.weighted(GROUPS.iter().map(|(_, share)| *share))].0
        }
        Race::Native => Origin::Native,
        Race::Pacific => Origin::Pacific,
        Race::White if random.chance(0.012) => Origin::Arabic,
        Race::Other if random.chance(0.2) => Origin::Arabic,
        Race::White | Race::Other => Origin::English,
    }
}

/// A given name, of its time where the origin has times.
pub fn given(random: &mut Random, origin: Origin, sex: Sex, year: i32) -> &'static str {
    let english = match (sex, year) {
        (Sex::Female, ..=1954) => FEMALE_EARLY,
        (Sex::Male, ..=1954) => MALE_EARLY,
        (Sex::Female, 1955..=1989) => FEMALE_MIDDLE,
        (Sex::Male, 1955..=1989) => MALE_MIDDLE,
        (Sex::Female, _) => FEMALE_LATE,
        (Sex::Male, _) => MALE_LATE,
    };
    // How many bear an English given name all the same.
    let (female, male, english_share) = match origin {
        Origin::English => (english, english, 1.0),
        // The distinct names are of the sixties and after.
        Origin::AfricanAmerican => {
            (FEMALE_AFRICAN_AMERICAN, MALE_AFRICAN_AMERICAN, if year < 1960 { 0.95 } else { 0.6 })
        }
        Origin::Spanish => (FEMALE_SPANISH, MALE_SPANISH, 0.25),
        Origin::Chinese => (FEMALE_CHINESE, MALE_CHINESE, 0.5),
        Origin::Vietnamese => (FEMALE_VIETNAMESE, MALE_VIETNAMESE, 0.4),
        Origin::Korean => (FEMALE_KOREAN, MALE_KOREAN, 0.5),
        Origin::Indian => (FEMALE_INDIAN, MALE_INDIAN, 0.1),
        Origin::Filipino => (FEMALE_FILIPINO, MALE_FILIPINO, 0.5),
        Origin::Native => (FEMALE_NATIVE, MALE_NATIVE, 0.7),
        Origin::Pacific => (FEMALE_PACIFIC, MALE_PACIFIC, 0.4),
        Origin::Arabic => (FEMALE_ARABIC, MALE_ARABIC, 0.15),
    };
    let own = if sex == Sex::Female { female } else { male };
    let of = if random.chance(english_share) { english } else { own };
    of[random.whole(0, of.len() as i64 - 1) as usize]
}

/// A family name.
pub fn family(random: &mut Random, origin: Origin) -> &'static str {
    let (own, english_share) = match origin {
        Origin::English => (FAMILY_ENGLISH, 1.0),
        Origin::AfricanAmerican => (FAMILY_AFRICAN_AMERICAN, 0.5),
        Origin::Spanish => (FAMILY_SPANISH, 0.02),
        Origin::Chinese => (FAMILY_CHINESE, 0.03),
        Origin::Vietnamese => (FAMILY_VIETNAMESE, 0.03),
        Origin::Korean => (FAMILY_KOREAN, 0.03),
        Origin::Indian => (FAMILY_INDIAN, 0.02),
        Origin::Filipino => (FAMILY_FILIPINO, 0.1),
        Origin::Native => (FAMILY_NATIVE, 0.5),
        Origin::Pacific => (FAMILY_PACIFIC, 0.3),
        Origin::Arabic => (FAMILY_ARABIC, 0.05),
    };
    // Census names are heavy at the top: the lower of two draws stands in for that.
    let of = if random.chance(english_share) { FAMILY_ENGLISH } else { own };
    let last = of.len() as i64 - 1;
    of[random.whole(0, last).min(random.whole(0, last)) as usize]
}

/// Number and street.
pub fn street(random: &mut Random) -> String {
    let number = random.whole(1, 299) * if random.chance(0.3) { 7 } else { 1 };
    let (name, kind) = (*random.pick(STREETS), *random.pick(STREET_KINDS));
    let street = format!("{number} {name} {kind}");
    if random.chance(0.22) { format!("{street} Apt {}", random.whole(1, 48)) } else { street }
}

/// The language of the home, as BCP 47.
pub fn language(random: &mut Random, origin: Origin) -> &'static str {
    // Shares that speak English less than very well, American Community Survey, rounded.
    let (own, share) = match origin {
        Origin::Spanish => ("es", 0.28),
        Origin::Chinese => ("zh", 0.4),
        Origin::Vietnamese => ("vi", 0.45),
        Origin::Korean => ("ko", 0.4),
        Origin::Indian => ("hi", 0.12),
        Origin::Filipino => ("tl", 0.15),
        Origin::Arabic => ("ar", 0.3),
        _ => ("en-US", 0.0),
    };
    if random.chance(share) { own } else { "en-US" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_enough_names_and_none_twice_in_a_list() {
        let female: &[&[&str]] = &[
            FEMALE_EARLY,
            FEMALE_MIDDLE,
            FEMALE_LATE,
            FEMALE_AFRICAN_AMERICAN,
            FEMALE_SPANISH,
            FEMALE_CHINESE,
            FEMALE_VIETNAMESE,
            FEMALE_KOREAN,
            FEMALE_INDIAN,
            FEMALE_FILIPINO,
            FEMALE_NATIVE,
            FEMALE_PACIFIC,
            FEMALE_ARABIC,
        ];
        let male: &[&[&str]] = &[
            MALE_EARLY,
            MALE_MIDDLE,
            MALE_LATE,
            MALE_AFRICAN_AMERICAN,
            MALE_SPANISH,
            MALE_CHINESE,
            MALE_VIETNAMESE,
            MALE_KOREAN,
            MALE_INDIAN,
            MALE_FILIPINO,
            MALE_NATIVE,
            MALE_PACIFIC,
            MALE_ARABIC,
        ];
        let family: &[&[&str]] = &[
            FAMILY_ENGLISH,
            FAMILY_AFRICAN_AMERICAN,
            FAMILY_SPANISH,
            FAMILY_CHINESE,
            FAMILY_VIETNAMESE,
            FAMILY_KOREAN,
            FAMILY_INDIAN,
            FAMILY_FILIPINO,
            FAMILY_NATIVE,
            FAMILY_PACIFIC,
            FAMILY_ARABIC,
        ];
        for (lists, least) in [(female, 150), (male, 150), (family, 300)] {
            let all: BTreeSet<_> = lists.iter().flat_map(|list| list.iter()).collect();
            assert!(all.len() >= least, "{} names", all.len());
            for list in lists {
                let distinct: BTreeSet<_> = list.iter().collect();
                assert_eq!(distinct.len(), list.len(), "twice in a list with {}", list[0]);
            }
        }
    }
}
