{{ live_rows('invoice__c') }}
